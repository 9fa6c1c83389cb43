"""Models of a few kilobytes with random weights: what a real one of their kind looks like from outside."""

from collections.abc import Mapping
from pathlib import Path

STANCES = {0: "contradiction", 1: "entailment", 2: "neutral"}


def tiny_cross_encoder(folder: Path, labels: Mapping[int, str] = STANCES) -> str:
    """A sequence-pair classifier of a few kilobytes with random weights."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir()
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "aeiou"),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label=dict(labels),
        label2id={label: column for column, label in labels.items()},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)
