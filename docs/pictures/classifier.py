"""The graph in README.md: graphc viz docs/pictures/classifier.py:loss -o docs/pictures/classifier.svg"""

import graphc as gc

images = gc.placeholder(gc.float32, [None, 64], name="images")
labels = gc.placeholder(gc.int32, [None], name="labels")
hidden = gc.layers.dense(images, 128, activation=gc.nn.relu, name="hidden")
logits = gc.layers.dense(hidden, 10, name="logits")
losses = gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="losses")
loss = gc.reduce_mean(losses, name="loss")
