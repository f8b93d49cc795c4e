"""What a job's child processes run in the tests; importable, so that they may be started anew."""

from headway import log, metric, report, track


def work(name: str) -> str:
    """Take four steps, saying so."""
    for i in track(range(4), desc=name, unit="step"):
        metric({f"{name}.at": i})
    log(f"{name} was here")
    return name


def say(text: str) -> None:
    """Report a message."""
    report(message=text)


class Mute:
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError


def err(i: int) -> None:
    """Report what cannot be shown as it is."""
    report(percent=float("nan"), message=Mute(), n=-1, unit="\x00")
    metric({f"m{i}": i for i in range(10_000)})
    report(message="x" * 10_000_000)


if __name__ == "__main__":
    work("script")
    say("the script's last word")
