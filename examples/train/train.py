"""Tell handwritten digits apart, with features from a team's own wheel and from a private feed.

The data are scikit-learn's 1,797 digits (8 x 8 grey values). What is logged with `Run.log` stands in the run's record;
what is written to `outputs/` is kept with the run. Nothing but the environment
decides where the packages come from.
"""

import argparse
from pathlib import Path

import joblib
import numpy as np
from acme_features import pool, profiles, stretch_contrast
from azureml.core import Run
from digit_shapes import NAMES, shape_features
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def features(images: np.ndarray) -> np.ndarray:
    """The columns that the model sees. Shape: (n, height, width) to (n, columns)."""
    even = stretch_contrast(images)
    pixels = images.reshape(len(images), -1)
    pooled = pool(even, size=2).reshape(len(images), -1)
    return np.concatenate([pixels, pooled, profiles(even), shape_features(images)], axis=1)


def main() -> None:
    """Train, measure, and keep the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the split into training and test digits")
    parser.add_argument("--test-part", type=float, default=0.25, help="of the digits kept for the test (0 to 1)")
    options = parser.parse_args()

    digits = load_digits()
    columns = features(digits.images)
    print(f"{len(columns)} digits, {columns.shape[1]} columns, {len(NAMES)} of them shapes")
    seen, unseen, labels, truth = train_test_split(
        columns, digits.target, test_size=options.test_part, random_state=options.seed, stratify=digits.target
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(seen, labels)
    accuracy = float(accuracy_score(truth, model.predict(unseen)))
    print(f"accuracy: {accuracy:.4f}")

    run = Run.get_context()
    run.log("seed", options.seed)
    run.log("columns", int(columns.shape[1]))
    run.log("accuracy", accuracy)
    Path("outputs").mkdir(exist_ok=True)
    joblib.dump(model, Path("outputs", "model.joblib"))


if __name__ == "__main__":
    main()
