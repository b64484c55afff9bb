"""Weighted logistic regression, for confidences."""

from collections.abc import Sequence

import numpy as np

RIDGE = 1e-2  # keeps the weights finite where the classes can be told apart without error
NUM_ITERATIONS = 50


def fit(features: Sequence[Sequence[float]], is_right: Sequence[bool], weights: Sequence[float]) -> list[float]:
    """Bias, then a weight for each feature, by Newton's method. ValueError unless there are right and wrong ones."""
    if len(set(is_right)) < 2:
        raise ValueError("nothing to tell apart: give recordings that are understood and recordings that are not")
    inputs = np.column_stack([np.ones(len(features)), np.array(features, np.float64)])
    target, weight = np.array(is_right, np.float64), np.array(weights, np.float64)
    ridge = RIDGE * np.diag([0.0] + [1.0] * (inputs.shape[1] - 1))
    parameters = np.zeros(inputs.shape[1])
    for _ in range(NUM_ITERATIONS):
        p_right = 1.0 / (1.0 + np.exp(-np.clip(inputs @ parameters, -30, 30)))
        gradient = inputs.T @ (weight * (p_right - target)) + ridge @ parameters
        curvature = (inputs * (weight * p_right * (1 - p_right) + 1e-9)[:, None]).T @ inputs + ridge
        step = np.linalg.solve(curvature, gradient)
        parameters -= step * min(1.0, 5.0 / (np.abs(step).max() + 1e-12))
    return [float(parameter) for parameter in parameters]
