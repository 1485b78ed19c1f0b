//! Validates requests and responses against Microsoft's published schema.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// Microsoft's description, their permission table, and our additions.
pub(crate) struct GraphContract {
    openapi: Value,
    permissions: Value,
    additional: Value,
}

/// A request and its response, to be validated.
pub(crate) struct GraphExchange<'a> {
    pub(crate) method: &'a str,
    /// Path below `/v1.0`, without the query.
    pub(crate) path: &'a str,
    pub(crate) request: Option<&'a Value>,
    pub(crate) status: u16,
    pub(crate) response: Option<&'a Value>,
}

impl GraphContract {
    /// Loads the contract. Returns `None` and prints the reason if the clone has no reference folder beside it.
    pub(crate) fn load() -> Option<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let reference = here.join("../shared/reference");
        let Ok(openapi) = std::fs::read_to_string(reference.join("graph-openapi.yaml")) else {
            println!("SKIPPED: ../shared/reference is not beside this clone, so Microsoft's schema cannot be checked");
            return None;
        };
        let mut openapi: Value = serde_norway::from_str(&openapi).unwrap();
        convert_nullable(&mut openapi);
        let permissions = std::fs::read_to_string(reference.join("graph-permissions.json")).unwrap();
        let additional = std::fs::read_to_string(here.join("tests/contract/additional.yaml")).unwrap();
        let additional = serde_norway::from_str(&additional).unwrap();
        Some(Self { openapi, permissions: serde_json::from_str(&permissions).unwrap(), additional })
    }

    pub(crate) fn additional_calls(&self) -> &Vec<Value> {
        self.additional["calls"].as_array().unwrap()
    }

    /// Returns every violation of the contract.
    pub(crate) fn find_problems(&self, exchange: &GraphExchange<'_>) -> Vec<String> {
        let Some(operation) = self.find_operation(exchange) else {
            return self.find_addition_problems(exchange);
        };
        let mut problems = Vec::new();
        if let Some(body) = exchange.request {
            let schema = &self.resolve_reference(&operation["requestBody"])["content"]["application/json"]["schema"];
            problems.extend(self.validate_body("request", schema, body));
        }
        let responses = &operation["responses"];
        let class = format!("{}XX", exchange.status / 100);
        let response = [exchange.status.to_string(), class]
            .iter()
            .find_map(|key| responses.get(key))
            .map(|r| self.resolve_reference(r));
        match (response, exchange.response) {
            (None, _) => problems.push(format!("status {} is not in the contract", exchange.status)),
            (Some(response), Some(body)) => {
                problems.extend(self.validate_body(
                    "response",
                    &response["content"]["application/json"]["schema"],
                    body,
                ));
            }
            (Some(_), None) => {}
        }
        problems
    }

    /// Returns the template that matches a path.
    pub(crate) fn matching_template(&self, path: &str) -> Option<String> {
        let described = self.openapi["paths"].as_object()?.keys().cloned();
        let ours =
            self.additional_calls().iter().filter_map(|c| Some(c["call"].as_str()?.split_once(' ')?.1.to_owned()));
        // Fewer parameters fit better: `/users/$count` before `/users/{id}`.
        ours.chain(described)
            .filter(|template| matches_template(template, path))
            .min_by_key(|template| template.matches('{').count())
    }

    fn find_operation(&self, exchange: &GraphExchange<'_>) -> Option<&Value> {
        let paths = self.openapi["paths"].as_object()?;
        let found = paths.iter().find(|(template, _)| matches_template(template, exchange.path))?.1;
        found.get(exchange.method.to_lowercase())
    }

    /// Returns the names in `$select` that are no property of the response, if Microsoft describes the response.
    pub(crate) fn unknown_selected_properties(&self, exchange: &GraphExchange<'_>, query: &str) -> Vec<String> {
        let Some(operation) = self.find_operation(exchange) else { return Vec::new() };
        let responses = &operation["responses"];
        let Some(response) = ["200", "2XX"].iter().find_map(|key| responses.get(key)) else { return Vec::new() };
        let schema = &self.resolve_reference(response)["content"]["application/json"]["schema"];
        let mut known = Map::new();
        self.collect_properties(schema, &mut known);
        if let Some(value) = known.get("value").filter(|value| value["items"].is_object()).cloned() {
            known.clear();
            self.collect_properties(&value["items"], &mut known);
        }
        let asked = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "$select");
        let asked = asked.map(|(_, value)| value.into_owned()).unwrap_or_default();
        let names = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.filter(|name| !known.contains_key(*name)).map(|name| format!("$select: {name} is no property")).collect()
    }

    fn find_addition_problems(&self, exchange: &GraphExchange<'_>) -> Vec<String> {
        let named = |call: &&Value| {
            let (method, template) = call["call"].as_str().unwrap().split_once(' ').unwrap();
            method == exchange.method && matches_template(template, exchange.path)
        };
        let Some(call) = self.additional_calls().iter().find(named) else {
            return vec![format!(
                "{} {} is neither in Microsoft's description nor in additional.yaml",
                exchange.method, exchange.path
            )];
        };
        if let (schema @ Value::Object(_), Some(body)) = (&call["request"], exchange.request) {
            let problems = self.validate_body("request", schema, body);
            if !problems.is_empty() {
                return problems;
            }
        }
        match (&call["response"], exchange.response) {
            (Value::Null, _) | (_, None) => Vec::new(),
            (schema, Some(body)) if exchange.status < 300 => self.validate_body("response", schema, body),
            (_, Some(_)) => Vec::new(),
        }
    }

    fn validate_body(&self, what: &str, schema: &Value, body: &Value) -> Vec<String> {
        if schema.is_null() {
            return vec![format!("the contract has no {what} body here, but one was sent")];
        }
        let root = json!({ "components": self.openapi["components"], "allOf": [schema] });
        let validator = jsonschema::options().should_validate_formats(true).build(&root).unwrap();
        let mut problems: Vec<String> =
            validator.iter_errors(body).map(|e| format!("{what}: {e} at {}", e.instance_path())).collect();
        problems.extend(self.unknown_properties(what, schema, body));
        problems
    }

    /// Returns unknown property names. The schemas are open, so the validator accepts a misspelt property.
    fn unknown_properties(&self, what: &str, schema: &Value, body: &Value) -> Vec<String> {
        let mut known = Map::new();
        self.collect_properties(schema, &mut known);
        let Some(object) = body.as_object().filter(|_| !known.is_empty()) else { return Vec::new() };
        let mut problems = Vec::new();
        for (name, value) in object.iter().filter(|(name, _)| !name.starts_with('@')) {
            let Some(property) = known.get(name).or_else(|| known.get(schema_spelling(name))) else {
                problems.push(format!("{what}: {name} is no property here"));
                continue;
            };
            let items = property.get("items").unwrap_or(property);
            let values = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
            for value in values {
                let narrowed = self.narrow_to_derived_type(items, value);
                problems.extend(self.unknown_properties(&format!("{what}.{name}"), &narrowed, value));
            }
        }
        problems
    }

    /// Narrows a base type to the derived type that `@odata.type` names.
    fn narrow_to_derived_type(&self, schema: &Value, value: &Value) -> Value {
        let named = value.get("@odata.type").and_then(Value::as_str).map(|t| t.trim_start_matches('#'));
        let known = named.filter(|name| self.openapi["components"]["schemas"].get(*name).is_some());
        known.map_or_else(|| schema.clone(), |name| json!({ "$ref": format!("#/components/schemas/{name}") }))
    }

    fn collect_properties(&self, schema: &Value, into: &mut Map<String, Value>) {
        let schema = self.resolve_reference(schema);
        if let Some(properties) = schema["properties"].as_object() {
            into.extend(properties.clone());
        }
        for branch in ["allOf", "anyOf", "oneOf"] {
            for part in schema[branch].as_array().into_iter().flatten() {
                self.collect_properties(part, into);
            }
        }
    }

    fn resolve_reference<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let found = reference
            .trim_start_matches("#/")
            .split('/')
            .fold(&self.openapi, |at, part| &at[part.replace("~1", "/").as_str()]);
        self.resolve_reference(found)
    }

    /// Returns the permissions that Microsoft lists for a call, or those of our addition.
    pub(crate) fn listed_permissions(&self, method: &str, template: &str, kind: &str) -> Option<Vec<String>> {
        let wanted = normalised_call(method, template);
        if let Some(entry) = self.permissions.as_object()?.iter().find(|(name, _)| **name == wanted) {
            let scheme = if kind == "application" { "Application" } else { "DelegatedWork" };
            return Some(entry.1[scheme].as_object().map(|m| m.keys().cloned().collect()).unwrap_or_default());
        }
        let call = self.additional_calls().iter().find(|c| {
            let (m, t) = c["call"].as_str().unwrap().split_once(' ').unwrap();
            normalised_call(m, t) == wanted
        })?;
        Some(call[kind].as_array().into_iter().flatten().map(|p| p.as_str().unwrap().to_owned()).collect())
    }
}

/// Returns the schema's spelling of a name. Where Microsoft's documentation and description differ, the service sends
/// the documented name (<https://learn.microsoft.com/graph/errors>, read 2026-08: `innerError` with `date`).
fn schema_spelling(documented: &str) -> &str {
    match documented {
        "innerError" => "innererror",
        "date" => "Date",
        other => other,
    }
}

fn normalised_call(method: &str, template: &str) -> String {
    let parts: Vec<String> = template
        .split('/')
        .map(|part| if part.starts_with('{') { "{id}".to_owned() } else { part.to_lowercase() })
        .collect();
    format!("{method} {}", parts.join("/"))
}

fn matches_template(template: &str, path: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t.starts_with('{') || t.eq_ignore_ascii_case(p))
}

/// Converts `nullable: true` of `OpenAPI` 3.0 to a JSON Schema type that includes `null`.
fn convert_nullable(schema: &mut Value) {
    if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(convert_nullable);
    }
    let Some(object) = schema.as_object_mut() else { return };
    object.values_mut().for_each(convert_nullable);
    if object.get("nullable") != Some(&json!(true)) {
        return;
    }
    object.remove("nullable");
    if let Some(values) = object.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    if let Some(kind) = object.get("type").filter(|t| t.is_string()).cloned() {
        object.insert("type".to_owned(), json!([kind, "null"]));
    } else {
        let inner = Value::Object(object.clone());
        object.clear();
        object.insert("anyOf".to_owned(), json!([inner, { "type": "null" }]));
    }
}
