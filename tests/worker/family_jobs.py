"""Jobs that start processes of their own, and stand still then."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from joblib import Parallel, delayed

from headway import log, task


@task
def start_others(how: str, pids: str) -> None:
    """Start two processes, which note their pids in the folder `pids` and then stand still."""
    folder = Path(pids)
    if how == "joblib":
        Parallel(n_jobs=2)(delayed(stand)(folder, i) for i in range(2))
    elif how in {"fork", "spawn"}:
        with multiprocessing.get_context(how).Pool(2) as pool:
            pool.starmap(stand, [(folder, i) for i in range(2)])
    elif how == "os.fork":
        for i in range(2):
            if os.fork() == 0:
                stand(folder, i)
    else:
        code = f"from tests.worker.family_jobs import stand; stand({pids!r}, {{}})"
        for i in range(2):
            subprocess.Popen([sys.executable, "-c", code.format(i)], start_new_session=how == "session")
    time.sleep(600)


def stand(folder: Path | str, i: int) -> None:
    """Say that it is there, and stand still, the second one so that it takes no notice of being asked to end."""
    if i == 1:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log(f"process {i} stands")
    noted = Path(folder) / f"{i}.tmp"
    noted.write_text(str(os.getpid()))
    noted.rename(noted.with_suffix(".pid"))
    time.sleep(600)
