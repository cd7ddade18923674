"""Print what lcov has counted: percentages by file, and the lines not run."""

import argparse
import os
import sys


def read(path):
    """{file: (lines, branches)}: {line: count} and [count or None]."""
    files = {}
    for record in open(path):
        key, _, rest = record.strip().partition(":")
        if key == "SF":
            lines, branches = files.setdefault(os.path.relpath(rest), ({}, []))
        elif key == "DA":
            line, count = map(int, rest.split(",")[:2])
            lines[line] = lines.get(line, 0) + count
        elif key == "BRDA":
            taken = rest.split(",")[3]
            branches.append(0 if taken == "-" else int(taken))
    return files


def percent(counts):
    counts = list(counts)
    return 100 * sum(map(bool, counts)) / len(counts) if counts else 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minimum", type=float, default=0)
    parser.add_argument("info")
    options = parser.parse_args()
    files = read(options.info)

    print("lines  branches")
    for name, (lines, branches) in sorted(files.items()):
        print(f"{percent(lines.values()):5.1f}%  {percent(branches):5.1f}%"
              f"  {name}")
    all_lines = percent(c for lines, _ in files.values()
                        for c in lines.values())
    all_branches = percent(c for _, branches in files.values()
                           for c in branches)
    print(f"{all_lines:5.1f}%  {all_branches:5.1f}%  all of mm/")

    print("\nLines not run (tests/host/README.md says why):")
    for name, (lines, _) in sorted(files.items()):
        text = open(name).read().split("\n")
        for line in sorted(line for line in lines if not lines[line]):
            print(f"{name}:{line}:{text[line - 1]}")
    if all_lines < options.minimum:
        sys.exit(f"less than {options.minimum:g} % of the lines")


if __name__ == "__main__":
    main()
