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


if __name__ == "__main__":
    work("script")
    say("the script's last word")
