//! Prints benchmark values and collects them for the `RESULT` line.

use std::fmt::Write as _;

#[derive(Default)]
pub(crate) struct BenchmarkReport {
    result_fields: String,
    missed_goals: Vec<String>,
}

impl BenchmarkReport {
    /// Adds a value that has a goal. A missed goal is printed; it does not fail the run.
    pub(crate) fn add(&mut self, name: &str, value: f64, goal: &str, met: bool, detail: &str) {
        println!("{name:<34} {value:>10.3}   goal {goal:<10} {}   {detail}", if met { "met" } else { "MISSED" });
        let _ = write!(self.result_fields, " {name}={value:.3}");
        if !met {
            self.missed_goals.push(name.to_owned());
        }
    }

    /// Adds a value without a goal.
    pub(crate) fn add_untargeted(&mut self, name: &str, value: f64, detail: &str) {
        println!("{name:<34} {value:>10.3}   {detail}");
        let _ = write!(self.result_fields, " {name}={value:.3}");
    }

    pub(crate) fn finish(self) {
        println!(
            "missed: {}",
            if self.missed_goals.is_empty() { "none".to_owned() } else { self.missed_goals.join(", ") }
        );
        println!("RESULT bench{}", self.result_fields);
    }
}

pub(crate) fn median_value(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
