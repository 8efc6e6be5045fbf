from mfnas_vec.tables import dense, sharing


def test_arrays_are_made_once_within_it_and_anew_without(cifar10):
    alone = dense.training_rungs(cifar10, "val_acc", [12, 25])
    assert dense.training_rungs(cifar10, "val_acc", [12, 25]) is not alone
    with sharing.sharing():
        first = dense.training_rungs(cifar10, "val_acc", [12, 25])
        assert dense.training_rungs(cifar10, "val_acc", [12, 25]) is first
        assert (first.score == alone.score).all()
        assert dense.training_rungs(cifar10, "val_acc", [12]).epochs.tolist() == [12]
        assert (
            dense.training_rungs(cifar10, "val_acc", [12, 25], dense.LAST_INCREMENT).accounting == dense.LAST_INCREMENT
        )
        other = cifar10.assign(val_acc=cifar10["val_acc"] / 2)
        assert dense.training_rungs(other, "val_acc", [12, 25]).score[0, 0] == first.score[0, 0] / 2
    assert dense.training_rungs(cifar10, "val_acc", [12, 25]) is not first


def test_few_are_kept(cifar10):
    with sharing.sharing():
        first = dense.training_rungs(cifar10, "val_acc", [1])
        for n in range(2, sharing.MOST + 2):
            dense.training_rungs(cifar10, "val_acc", [1] * n)
        assert dense.training_rungs(cifar10, "val_acc", [1]) is not first
