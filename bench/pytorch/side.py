"""Does the baseline's work step by step: one JSON request a line on standard input, one JSON answer a line on standard output."""
import json
import sys

import torch

from work import WORKS, timed


def peak_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main():
    answers = sys.stdout
    # What a library prints must not get between the answers.
    sys.stdout = sys.stderr
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                torch.set_num_threads(request["threads"])
                torch.manual_seed(0)
                work = WORKS[request["work"]["kind"]](request["work"])
                answer = {"version": torch.__version__}
            elif request["do"] == "run":
                answer = timed(work)
            else:
                answer = {"peakBytes": peak_bytes()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
