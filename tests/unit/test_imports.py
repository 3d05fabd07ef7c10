"""What a device loads: never TensorFlow, Keras, matplotlib or pandas."""

import pkgutil
import subprocess
import sys

import edge_emotion
import edge_emotion_device

HEAVY = (
    "tensorflow",
    "keras",
    "matplotlib",
    "pandas",
    "edge_emotion_train",
    "edge_emotion_convert",
    "edge_emotion_report",
)


def loaded(statements: str) -> list[str]:
    """Which of `HEAVY` a fresh Python has loaded after the statements."""
    code = f"{statements}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def modules(package) -> list[str]:
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return sorted(module.name for module in found if not module.name.endswith("__main__"))


def test_no_module_of_the_contract_or_the_device_loads_anything_heavy():
    names = modules(edge_emotion) + modules(edge_emotion_device)
    assert "edge_emotion_device.analyzer" in names and "edge_emotion.data.fer2013" in names

    assert loaded(f"import {', '.join(names)}") == []


def test_run_loads_nothing_heavy():
    run = (
        "import sys; sys.argv = 'edge-emotion run --camera demo --headless --frames 3'.split()\n"
        "from edge_emotion.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
    )

    assert loaded(run) == []


def test_help_loads_neither_numpy_nor_the_rooms():
    code = (
        "import sys; sys.argv = ['edge-emotion', '--help']\n"
        "from edge_emotion.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('numpy', 'cv2', 'edge_emotion_device') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_contract_knows_none_of_the_other_rooms():
    """Its command line reaches up too, but only inside a command."""
    code = (
        f"import {', '.join(modules(edge_emotion))}, sys\n"
        "print([name for name in sys.modules if name.startswith('edge_emotion_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
