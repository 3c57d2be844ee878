"""The data sets that are part of the package."""

from importlib import resources

import numpy as np
import numpy.typing as npt

IRIS_FEATURES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
IRIS_CLASSES = ("setosa", "versicolor", "virginica")


def digits(*, flat: bool = True) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the UCI handwritten digits: 1,797 grey images of 8x8 pixels.

    Parameters
    ----------
    flat : bool
        True gives each image as a row of 64 numbers, False as height, width and one channel.

    Returns
    -------
    images : float32 array [1797, 64], or [1797, 8, 8, 1]
        Ink per pixel, from 0 (none) to 1, in steps of 1/16.
    labels : int32 array [1797]
        The digit that was written, 0 to 9.

    Examples
    --------
    >>> images, labels = digits()
    >>> images.shape, images.dtype, labels[:5].tolist()
    ((1797, 64), dtype('float32'), [0, 1, 2, 3, 4])
    """
    arrays = _load("digits.npz")
    images = arrays["images"].astype(np.float32) / np.float32(16)
    count = images.shape[0]
    return images.reshape((count, 64) if flat else (count, 8, 8, 1)), arrays["labels"].astype(np.int32)


def iris() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return Fisher's iris flowers: 150 flowers of 3 species, 4 lengths each.

    Returns
    -------
    features : float32 array [150, 4]
        Centimetres, in the order of ``IRIS_FEATURES``.
    labels : int32 array [150]
        Index into ``IRIS_CLASSES``.

    Examples
    --------
    >>> features, labels = iris()
    >>> features[0].tolist() == np.float32([5.1, 3.5, 1.4, 0.2]).tolist(), IRIS_CLASSES[labels[0]]
    (True, 'setosa')
    """
    arrays = _load("iris.npz")
    return arrays["features"].astype(np.float32), arrays["labels"].astype(np.int32)


def _load(name: str) -> dict[str, npt.NDArray[np.generic]]:
    with resources.files(__package__).joinpath(name).open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return dict(archive)
