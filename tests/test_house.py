"""The house itself: where packages come from, what the Makefile promises, and what may stand in a file."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["server", "signaling", "interpreter", "media", "media.engine"]
VAGUE_NAMES = {"manager", "managers", "helper", "helpers", "util", "utils", "data", "info"}
LONGEST_FILE_LINES = 300
WALL_CLOCKS = {
    "media/engine/process.py",
    "media/engine/simulated_room.py",
}  # when a process began; a picture of a clock

# Written in pieces, so that this file passes its own test.
OTHER_MACHINES = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "home/[a-z]", "/" + "Users/[a-z]"]))
PUBLIC_REGISTRIES = {"https://pypi.org", "https://files.pythonhosted.org", "https://registry.npmjs.org"}


def committed_files() -> list[Path]:
    """Every file that is or would be committed."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """A committed file's text, or nothing for a picture."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def product_files() -> list[Path]:
    """Every Python file of the five packages."""
    folders = [ROOT / package for package in PACKAGES if "." not in package]
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def makefile_verbs() -> set[str]:
    """What can be said after `make`."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("package", PACKAGES)
def test_package_comes_from_this_repository(package: str) -> None:
    found = importlib.import_module(package).__file__
    assert found is not None
    assert Path(found) == ROOT.joinpath(*package.split("."), "__init__.py")


def test_readme_and_makefile_know_the_same_verbs() -> None:
    code = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", text_of(ROOT / "README.md"), re.DOTALL)
    named = {verb for pair in code for verb in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", " ".join(pair))}
    assert named == makefile_verbs()


def test_readme_lists_every_setting_and_its_default() -> None:
    read = set(re.findall(r'"(HANMARU_[A-Z_]+)"', text_of(ROOT / "server" / "settings.py")))
    listed = set(re.findall(r"^\| .*?`(HANMARU_[A-Z_]+)`", text_of(ROOT / "README.md"), re.MULTILINE))
    listed |= set(re.findall(r"^\| `HANMARU_[A-Z]+`, `(HANMARU_[A-Z]+)`", text_of(ROOT / "README.md"), re.MULTILINE))
    assert listed == read


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "not executable"
    assert script.read_text(encoding="utf-8").rstrip().endswith("\nmake test")


def test_no_committed_file_names_a_path_of_somebodys_machine() -> None:
    strays = [file.relative_to(ROOT) for file in committed_files() if OTHER_MACHINES.search(text_of(file))]
    assert strays == []


@pytest.mark.parametrize("lock", ["uv.lock", "tools/npm/package-lock.json"])
def test_lock_names_public_registries_only(lock: str) -> None:
    text = re.sub(r'"funding": \{[^}]*\}', "", text_of(ROOT / lock))  # where an author takes donations
    hosts = set(re.findall(r'(?:url|registry|resolved)"?\s*[=:]\s*"(https?://[^/"]+)', text))
    assert hosts <= PUBLIC_REGISTRIES


def test_lock_was_made_from_the_dependencies_we_state() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    locked = {package["name"]: package for package in tomllib.loads(text_of(ROOT / "uv.lock"))["package"]}
    metadata = locked["hanmaru"]["metadata"]
    stated = project["project"]["dependencies"]
    assert sorted(map(plain, stated)) == sorted(map(recorded, metadata["requires-dist"]))
    for group, requirements in project["dependency-groups"].items():
        assert sorted(map(plain, requirements)) == sorted(map(recorded, metadata["requires-dev"][group]))


def plain(requirement: str) -> str:
    """A requirement with its extras and order of conditions taken away: `aiohttp <4 >=3.14.5`."""
    name, conditions = re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[a-z]+\])?(.*)", requirement).groups()  # type: ignore[union-attr]
    return f"{name} {' '.join(sorted(conditions.split(',')))}"


def recorded(entry: dict[str, str]) -> str:
    """The same for an entry of uv.lock."""
    return plain(entry["name"] + entry["specifier"])


def test_whatever_is_imported_is_a_stated_dependency() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    runtime = {plain(one).split()[0] for one in project["project"]["dependencies"]}
    dev = {plain(one).split()[0] for one in project["dependency-groups"]["dev"]}
    assert imported_distributions(product_files()) <= runtime
    assert imported_distributions(sorted((ROOT / "tests").rglob("*.py"))) <= runtime | dev


def imported_distributions(files: list[Path]) -> set[str]:
    """Names on the registry of everything that these files import, ours and the standard library left out."""
    modules: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(text_of(file))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    providers = packages_distributions()
    foreign = {module for module in modules - sys.stdlib_module_names if not (ROOT / module).is_dir()}
    return {providers.get(module, [module])[0].lower().replace("_", "-") for module in foreign}


def test_every_runtime_dependency_has_an_upper_bound() -> None:
    stated = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["dependencies"]
    assert [one for one in stated if not re.search(r"<|==", one) and not one.startswith("tzdata")] == []


@pytest.mark.parametrize("file", product_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_file_follows_the_house_style(file: Path) -> None:
    text = text_of(file)
    assert text.startswith('"""'), "opens with a sentence in the field's words"
    assert file.name == "__init__.py" or "\nfrom __future__ import annotations\n" in text
    assert len(text.splitlines()) <= LONGEST_FILE_LINES, "one idea per file"
    assert not VAGUE_NAMES & set(file.stem.split("_")), "a name of the field, please"


def test_no_media_code_reads_the_wall_clock() -> None:
    """A step of it would hold up a call, or let it fall behind."""
    wall = re.compile(r"\btime\.time(_ns)?\(|\bdatetime\b|\bclock_ms\b|\bcurrent_datetime\b")
    read = {str(file.relative_to(ROOT)) for file in (ROOT / "media").rglob("*.py") if wall.search(text_of(file))}
    assert read == WALL_CLOCKS


def test_no_public_class_or_function_has_a_vague_name() -> None:
    definition = re.compile(r"^\s*(?:class|(?:async )?def) ([A-Za-z]\w*)", re.MULTILINE)
    names = {name for file in product_files() for name in definition.findall(text_of(file))}
    vague = [name for name in names if VAGUE_NAMES & {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}]
    assert vague == []


def test_tests_are_not_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
