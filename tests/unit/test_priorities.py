"""Jobs start in the order of the stages: those with the longest way to the tables first."""

import re
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "workflow" / "rules"
#: The stage of each rule that runs a model or that trainings wait for, by the beginning of its name.
STAGES = {
    "decontaminate_": "data",
    "generate_teacher_": "data",
    "import_released_": "data",
    "build_pairs": "data",
    "build_mixture": "data",
    "tokenise_": "data",
    "sample_search_": "data",
    "try_learning_": "training",
    "train_branch": "branches",
    "train_student": "training",
    "train_hybrid": "training",
    "adapt_": "training",
    "evaluate_": "evaluation",
    "judge_": "judging",
}


def priorities() -> dict[str, str | None]:
    """What each rule states as its priority, or the rule that it is derived from."""
    found: dict[str, str | None] = {}
    for file in RULES.glob("*.smk"):
        for block in re.split(r"(?m)^ *(?=(?:(?:use )?rule|checkpoint)\b.*:$)", file.read_text())[1:]:
            head, _, body = block.partition("\n")
            derived = re.match(r"use rule (\w+) as (\w+) with:", head)
            name = derived[2] if derived else head.split()[-1].rstrip(":")
            if name == "rule":  # in a loop, with a name for each batch
                name = re.search(r'f"(\w+?)\{', body)[1]  # type: ignore[index]
            stated = re.search(r"^ +priority: (.+)$", body, re.M)
            found[name] = stated[1] if stated else (found.get(derived[1]) or derived[1]) if derived else None
    return found


def test_every_rule_on_the_way_to_the_tables_has_the_priority_of_its_stage() -> None:
    found = priorities()
    checked = set()
    for name, stated in found.items():
        while stated in found:  # derived from a rule of another file
            stated = found[stated]
        for begin, stage in STAGES.items():
            if name.startswith(begin):
                assert stated == f'PRIORITIES["{stage}"]', name
                checked.add(begin)
                break
    assert checked == STAGES.keys()


def test_earlier_stages_have_higher_priorities() -> None:
    values = re.search(r"PRIORITIES = (\{.+\})", (RULES / "resources.smk").read_text())
    assert values
    in_order = re.findall(r'"(\w+)": (\d+)', values[1])
    assert [stage for stage, _ in in_order] == ["data", "branches", "training", "evaluation", "judging"]
    numbers = [int(number) for _, number in in_order]
    assert numbers == sorted(set(numbers), reverse=True) and numbers[-1] > 0
    checks_of_data = [line for line in (RULES / "benchmarks.smk").read_text().splitlines() if "priority:" in line]
    assert all(int(line.split()[-1]) > numbers[0] for line in checks_of_data) and checks_of_data
