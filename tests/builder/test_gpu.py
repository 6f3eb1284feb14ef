"""The benchmark of a GPU runs on any device, and says which."""

import re

from benchmarks import gpu


def test_the_smallest_run_prints_a_line_for_each_generator(capsys):
    gpu.main(["--device", "cpu", "--sides", "8", "--candidates", "4", "--rounds", "1"])
    device, rounds, head, *lines, last = capsys.readouterr().out.splitlines()
    assert device.startswith("device: cpu, torch ")
    assert rounds.startswith("1 rounds of 4 candidates; load ")
    columns = re.split(r"\s{2,}|(?<=s) (?=ratio)", head)
    assert columns == [
        *("generator", "px", "batch", "candidates/s", "render", "align", "embed"),
        *("bare/s", "ratio", "hog/s", "study, min"),
    ]
    cells = [line.split() for line in lines]
    assert [row[:2] for row in cells] == [["dcgan-digiface", "64"], ["stylegan2", "8"]]
    for row in cells:
        assert len(row) == len(columns)
        shares = [int(share.removesuffix("%")) for share in row[4:7]]
        assert 0 < sum(shares) <= 101  # each is rounded
        rate, bare, ratio = float(row[3]), float(row[7]), float(row[8])
        assert abs(rate / bare - ratio) < 0.05
        assert float(row[10]) > 0
    assert last.startswith("peak_memory_bytes ")
