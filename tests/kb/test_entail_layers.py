"""Weights in one byte a number."""

import torch

from kb.entail_layers import WORDS, PairNetwork, packed, padded, unpacked

SMALL = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


def test_packing_loses_less_than_a_hundredth() -> None:
    torch.manual_seed(1)
    state = PairNetwork(SMALL).state_dict()
    back = unpacked(packed(state))
    assert all((back[name] - state[name]).abs().max() <= 0.01 * state[name].abs().max() for name in back)


def test_all_but_the_words_is_packed() -> None:
    state = PairNetwork(SMALL).state_dict()
    assert set(unpacked(packed(state))) == {name for name in state if name != WORDS}


def test_padding_changes_no_result() -> None:
    torch.manual_seed(1)
    network = PairNetwork(SMALL).eval()
    short, long = ([1, 2, 3], [0, 0, 1], [0, 3, 4]), ([1, 2, 3, 4, 5], [0, 0, 0, 1, 1], [0, 3, 4, 0, 0])
    alone = network(*padded([short]))
    torch.testing.assert_close(network(*padded([short, long]))[:1], alone)
