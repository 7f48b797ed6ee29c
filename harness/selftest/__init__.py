"""The harness under test by itself: many gates of stacks whose right verdict is known.

    variants.py     what is gated: a stack, clean and with each of its defects
    table.py        the runs: what each of them does, and what came of it
    results.py      a line for each run in a file, so that an interrupted table goes on where it was
    working.py      several runs side by side, until enough of them count
    gating.py       one gate, in a process of its own
    examining.py    what a gate left: its history, another judgement of it, objects on the engine, processes
    expecting.py    what may not be: a pass of a defect, a fail of the clean stack, and what else is a finding
    summary.py      the figures
    calling.py      all of that for the command

and what is done to the gates:

    honesty.py      something of the harness itself is spoilt: injections.py says what there is, sabotage.py does it in
                    the gate's process, at the places that seams/ holds
    starvation.py   the machine is busy: starvers.py keeps it so, throttle.py takes from the replicas

and what is done to the stack:

    overlay.py      a folder that makes a defect, or a harmless variant, of a copy of a stock stack
    corpus.py       all of them
    detection.py    each is gated, in random order; detected.py says what a gate saw, detection_summary.py the figures
    proving.py      each defect is seen without the gate
    record.py       what was measured, and the table in docs/detection.md
    detecting.py    all of that for the commands
"""
