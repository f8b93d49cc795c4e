"""Search for good settings of a classifier with Optuna, which knows nothing of headway, only tqdm."""

from typing import Annotated

import optuna
from pydantic import Field
from sklearn.linear_model import SGDClassifier

from headway import task
from headway.tqdm import capture
from worker.examples.digits import digits


@task
def search_digits(
    n_trials: Annotated[int, Field(title="Trials", ge=1, le=1_000, description="How many settings to try.")] = 30,
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, description="The same seed tries the same settings.")] = 0,
) -> dict[str, int | float]:
    """Search for the penalty and step size with which a linear classifier reads the most digits.

    The bar is the one that Optuna makes with tqdm for itself.
    """
    learn, held_out, learn_shown, held_out_shown = digits(seed)

    def accuracy(trial: optuna.Trial) -> float:
        classifier = SGDClassifier(
            alpha=trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
            eta0=trial.suggest_float("eta0", 1e-3, 1.0, log=True),
            learning_rate="constant",
            random_state=seed,
        )
        # One pass, as partial_fit makes it, is enough to compare by and warns of no missing convergence.
        classifier.partial_fit(learn, learn_shown, classes=range(10))
        return float(classifier.score(held_out, held_out_shown))

    # A line for every trial would only repeat in the worker's log what the bar says.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    with capture():
        study.optimize(accuracy, n_trials=n_trials, show_progress_bar=True)
    return {"trials": len(study.trials), "accuracy": study.best_value, **study.best_params}
