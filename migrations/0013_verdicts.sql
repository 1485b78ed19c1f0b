-- Why a verdict is what it is: the policy that was judged, and what there is to say about it (JSON).
ALTER TABLE policy_verdicts ADD COLUMN policy TEXT;
ALTER TABLE policy_verdicts ADD COLUMN remarks TEXT;
