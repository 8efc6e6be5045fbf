"""How fast searches are made: kernels against yardsticks, whole processes, targets."""
