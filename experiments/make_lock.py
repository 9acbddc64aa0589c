"""Write requirements-lock.txt: what the core needs, pinned with hashes, as an interpreter would install it today.

    python3.11 experiments/make_lock.py tested.txt

``tested.txt`` (optional) is what ``pip freeze`` says where the tests passed: these versions are taken.
The hashes are those of the files for this interpreter on this kind of machine, so the lock is for these only.
"""

import json
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "experiments" / "requirements-lock.txt"


def resolved(wanted: list[str], constraints: list[str]) -> dict[str, tuple[str, str]]:
    """Version and SHA-256 of every package that pip would install into an empty environment."""
    options = [word for file in constraints for word in ("-c", file)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    told = subprocess.run([*command, *options, *wanted], check=True, capture_output=True, text=True).stdout
    found = {}
    for item in json.loads(told)["install"]:
        sha256 = item["download_info"]["archive_info"]["hashes"]["sha256"]
        found[item["metadata"]["name"]] = (item["metadata"]["version"], sha256)
    return found


def main(constraints: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = resolved(project["dependencies"], constraints)
    lines = [
        f"# gridsim {project['version']}: what it needs, for Python {'.'.join(platform.python_version_tuple()[:2])} on "
        f"{platform.system()} {platform.machine()}. Made by experiments/make_lock.py.",
        "# pip install --require-hashes -r experiments/requirements-lock.txt && pip install --no-deps .",
    ]
    for name, (version, sha256) in sorted(found.items(), key=lambda item: item[0].lower()):
        lines.append(f"{name}=={version} --hash=sha256:{sha256}")
    LOCK.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
