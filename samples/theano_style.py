"""A script in Theano's manner: shared variables, givens and updates, a scan, and gradients through it.

A recurrent network reads sequences of bits one by one, and says whether the number of ones was odd.
"""

import numpy as np

import graphc.compat.theano as theano
import graphc.compat.theano.tensor as T


def parity(count: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of bits, time first, and whether each has an odd number of ones."""
    bits = np.random.default_rng(seed).integers(0, 2, (length, count))
    return bits.astype(theano.config.floatX), (bits.sum(axis=0) % 2).astype(np.int32)


def main(epochs: int = 60, length: int = 4, units: int = 16) -> float:
    """Train, and return the share of right answers for new sequences."""
    batch, count = 50, 500
    random = np.random.RandomState(0)
    bits, odd = parity(count, length, seed=1)
    train_bits, train_odd = theano.shared(bits, borrow=True), theano.shared(odd, borrow=True)

    def parameter(name: str, *shape: int) -> theano.tensor.TensorSharedVariable:
        return theano.shared(random.normal(0, 1 / np.sqrt(shape[0]), shape), name=name, borrow=True)

    enter, stay, leave = parameter("enter", 1, units), parameter("stay", units, units), parameter("leave", units, 2)
    bias, last_bias = theano.shared(np.zeros(units), name="bias"), theano.shared(np.zeros(2), name="last_bias")
    parameters = [enter, stay, leave, bias, last_bias]

    x, y, index = T.matrix("x"), T.ivector("y"), T.lscalar("index")

    def step(bit, state):
        return T.tanh(bit.dimshuffle(0, "x").dot(enter) + state.dot(stay) + bias)

    states, _ = theano.scan(step, sequences=x, outputs_info=T.zeros((x.shape[1], units)))
    chances = T.nnet.softmax(states[-1].dot(leave) + last_bias)
    cost = -T.mean(T.log(chances)[T.arange(y.shape[0]), y])

    # RMSProp by hand: every update sees the values before the call.
    updates = []
    for p, slope in zip(parameters, T.grad(cost, parameters), strict=True):
        power = theano.shared(np.zeros_like(p.get_value()))
        smooth = 0.9 * power + 0.1 * T.sqr(slope)
        updates += [(power, smooth), (p, p - 0.01 * slope / T.sqrt(smooth + 1e-6))]

    part = slice(index * batch, (index + 1) * batch)
    givens = {x: train_bits[:, part], y: train_odd[part]}
    train = theano.function([index], cost, updates=updates, givens=givens)
    right = theano.function([x, y], T.mean(T.eq(T.argmax(chances, axis=1), y)))

    for epoch in range(epochs):
        mean = np.mean([train(i) for i in range(count // batch)])
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d}  cost {mean:.4f}")
    share = float(right(*parity(200, length, seed=2)))
    print(f"right: {share:.0%}")
    return share


if __name__ == "__main__":
    main()
