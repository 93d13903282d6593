"""Wrong guesses lock an address for longer and longer."""

from __future__ import annotations

from mergelab.ui.page.serving.entry.guesses import FREE, LOCK, LONGEST, Guesses, network


def test_the_first_guesses_are_free_and_then_each_doubles_the_lock() -> None:
    time = [0.0]
    guesses = Guesses(lambda: time[0])
    for _ in range(FREE):
        guesses.wrong("10.0.0.1")
    assert guesses.locked("10.0.0.1") == 0
    guesses.wrong("10.0.0.1")
    assert (guesses.locked("10.0.0.1"), guesses.locked("10.0.0.2")) == (LOCK, 0)
    time[0] += LOCK
    assert guesses.locked("10.0.0.1") == 0
    guesses.wrong("10.0.0.1")
    assert guesses.locked("10.0.0.1") == 2 * LOCK
    for _ in range(100):
        guesses.wrong("10.0.0.1")
    assert guesses.locked("10.0.0.1") == LONGEST


def test_a_right_guess_forgets_the_wrong_ones() -> None:
    guesses = Guesses(lambda: 0.0)
    for _ in range(FREE + 1):
        guesses.wrong("::1")
    guesses.right("::1")
    assert guesses.locked("::1") == 0


def test_a_network_of_version_6_counts_as_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert (network("10.0.0.1"), network("testclient")) == ("10.0.0.1", "testclient")
