"""What a run is told: parameters, scenarios, policies."""
