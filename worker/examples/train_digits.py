"""Train a small neural network on scikit-learn's handwritten digits."""

from typing import Annotated

from pydantic import Field
from sklearn.neural_network import MLPClassifier

from headway import metric, task, track
from worker.examples.digits import digits


@task
def train_digits(
    epochs: Annotated[int, Field(ge=1, le=1_000, description="Passes over the 1,347 digits to learn from.")] = 30,
    learning_rate: Annotated[float, Field(ge=1e-5, le=0.1, description="The first step size of Adam.")] = 0.003,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="The same seed gives the same network.")] = 0,
) -> dict[str, int | float]:
    """Train a classifier of handwritten digits, with loss and accuracy after every epoch.

    The loss is the mean cross-entropy while learning, the accuracy the share of the 450 held-out digits it gets right.
    """
    learn, held_out, learn_shown, held_out_shown = digits(seed)
    network = MLPClassifier(hidden_layer_sizes=(32,), learning_rate_init=learning_rate, random_state=seed)
    loss = accuracy = 0.0
    for _ in track(range(epochs), "training", unit="epochs"):
        network.partial_fit(learn, learn_shown, classes=range(10))
        loss = float(network.loss_)
        accuracy = float(network.score(held_out, held_out_shown))
        metric(loss=loss, accuracy=accuracy)
    return {"epochs": epochs, "loss": loss, "accuracy": accuracy}
