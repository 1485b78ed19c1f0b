-- Separation of duties, for whoever writes the tables. The release before writes no duties, so it can decide nothing.
CREATE FUNCTION check_duty_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.verdict_id AND d.object = NEW.object AND d.duty <> NEW.duty
        AND NOT EXISTS (SELECT 1 FROM duty_pairs p WHERE p.duty = d.duty AND p.other = NEW.duty)) THEN
        RAISE EXCEPTION 'one person cannot have both duties in a decision' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_duties_pairs BEFORE INSERT ON case_duties FOR EACH ROW EXECUTE FUNCTION check_duty_pairs();

CREATE FUNCTION check_decision_duties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.digest IS NULL OR NEW.shown_to IS NULL OR (NEW.action = 'pass') <> (NEW.shown_to <> 'nobody')
        OR (NEW.shown_to = 'manager') <> (NEW.viewer IS NOT NULL)
        OR NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = NEW.case_id AND c.object = NEW.subject)
        OR NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.id AND d.duty = 'subject' AND d.object = NEW.subject)
        OR NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.id AND d.duty = 'requester' AND d.object = NEW.agent)
        OR (NEW.shown_to <> 'nobody' AND NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.id
            AND d.duty = 'viewer' AND d.object = COALESCE(NEW.viewer, NEW.agent)))
        OR EXISTS (SELECT 1 FROM case_parts p JOIN case_verifications v ON v.id = p.verification_id WHERE p.verdict_id = NEW.id
            AND ((v.check_id IS NULL AND NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.id
                    AND d.duty = 'attester' AND d.object = v.agent))
                OR (v.method = 'manager' AND NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.id
                    AND d.duty = 'witness' AND d.object = v.witness)))) THEN
        RAISE EXCEPTION 'a decision needs its duties and its digest' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_verdicts_duties BEFORE INSERT ON case_verdicts FOR EACH ROW EXECUTE FUNCTION check_decision_duties();

CREATE FUNCTION check_approval_duties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM case_verdicts v WHERE v.id = NEW.verdict_id AND v.digest = NEW.digest AND v.subject = NEW.object)
        OR NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.verdict_id AND d.duty = 'approver'
            AND d.object = NEW.approver) THEN
        RAISE EXCEPTION 'an approval needs its duty and the digest of its decision' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_approvals_duties BEFORE INSERT ON case_approvals FOR EACH ROW EXECUTE FUNCTION check_approval_duties();

CREATE FUNCTION check_execution_duties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM case_verdicts v WHERE v.id = NEW.verdict_id AND v.digest = NEW.digest
            AND v.shown_to = NEW.shown_to AND COALESCE(v.viewer, '') = COALESCE(NEW.viewer, ''))
        OR (NEW.viewer = NEW.agent AND NEW.approval_id IS NULL)
        OR NOT EXISTS (SELECT 1 FROM case_duties d WHERE d.verdict_id = NEW.verdict_id AND d.duty = 'executor'
            AND d.object = NEW.agent) THEN
        RAISE EXCEPTION 'an execution needs its duty and the digest of its decision' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_actions_duties BEFORE INSERT ON case_actions FOR EACH ROW EXECUTE FUNCTION check_execution_duties();

CREATE FUNCTION check_grant_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM case_actions a JOIN case_verdicts v ON v.id = a.verdict_id
        WHERE a.id = NEW.action_id AND a.action = 'grant' AND v.subject = NEW.object) THEN
        RAISE EXCEPTION 'a grant is for the person of its case' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grants_subject BEFORE INSERT ON grants FOR EACH ROW EXECUTE FUNCTION check_grant_subject();
