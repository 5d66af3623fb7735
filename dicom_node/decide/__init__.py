"""Station 4: guards, rules, eligibility; one explained decision."""
