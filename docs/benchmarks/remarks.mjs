// What docs/benchmarks.md says beside the figures.

export const remarks = {
  top: `# Benchmarks

Written by \`node docs/benchmarks/page.mjs\` from the records in \`docs/benchmarks/\`, which \`npm run bench -- --json FILE\` writes.

Both sides of a case are processes of their own that stay alive and are timed in turns: reat, baseline, reat, baseline. A ratio
is the median of the ratios of such pairs, with their quartiles, so that what slows the machine for a while slows both. The baseline
is plain eager PyTorch on the same LibTorch ([bench/pytorch](../bench/pytorch)): the step as one writes it from the paper, PGD
batch by batch with the gradient of the images alone, TAIL as a loop over tail samples, a clean forward pass for the log (without
gradients), each image augmented on its own. Images are random; a step costs the same whatever they show.

\`npm run bench -- --list\` names the cases, \`npm run bench -- PATTERN --repeats N\` measures some of them, and \`--data cifar-10.tar.gz\`
gives those on data preparation their images. \`REAT_BENCH_PYTHON\` names the Python of the baseline.
`,

  Levers: `Each lever on (ours) and off (baseline), everything else alike. \`setLevers\` switches them, \`bench/levers.ts\` lists them.

Levers hide behind one another. Before freed memory was kept, a pass over 128 images (forward and image gradient, two threads,
PyTorch scripts of the same steps) took 1.93 s plain, 1.53 s folded and 1.30 s folded and channels-last: much of what
folding saved was page faults, which are now gone. Tried and not taken, each measured once and by hand: oneDNN's blocked layout
kept across layers (1.26 s of processor time against 1.31 s for 64 images folded, one thread); another layout for the first or
last stage (1.40 to 1.54 s against 1.34 to 1.42 s a pass); pieces of 16 or 32 images (1.48 to 1.58 s against 1.49 s); weights
laid out channels-last (2.60 s against 2.71 s for forward and backward of a training step).

Taken since: maps in blocks kept across layers, and Winograd's convolutions of such maps, for which oneDNN was asked first. Its own
took 1.49 s for two attack steps and left three things to be gained: ReLU's gradient and the sum of two gradients cannot be fused
into them, strided convolutions have none, and their sums over channels are long. The convolutions in tiles in \`native/\` do all
three; on the maps of ResNet-18 (64 images) they are an eighth to a quarter faster than oneDNN's, ReLU included. Sums over 64
channels at a time brought a ResNet-18's logits a fifth to a third closer to float64 at no cost that could be told from noise;
storing maps of more than 8 MiB around the caches gained 5 % of an attack step, reading the weights of the last stage once instead
of five times 2 % (four runs of each in turns).

Such convolutions multiply a quarter as often as the definition, four sevenths as often with stride 2, and round more coarsely:
beside float64 the largest error of one is 1.1e-6 to 1.2e-6 of the largest value (stride 2: 4.5e-7 to 7.1e-7) against 1.8e-7 to
3.1e-7, that of a ResNet-18's logits 1.3 to 1.4 times the plain network's. So examples are made with them (mode "fast") and judged
without them (mode "frozen"): the accuracy that is reported is the plain network's. With Debian's LibTorch 1.13 all golden
numbers hold for them too, the recorded pixels included. With LibTorch 2.13, whose other operators round otherwise, 4 of the first
32 pixels differ in one of the two recorded cases (8 % are allowed), the one in which the reference itself moves 8.5 % of the pixels
in another memory layout; and 57 and 63 of 24,576 pixels differ between cross entropy's examples and those under RBL's weights,
which are the same in the plain path.

Channels-last was tried on ResNet-18 and taken back: under the recorded attacks its rounding moves more pixels than the golden
numbers allow; small-resnet and smallcnn keep it where blocks are not to be had. The figures of these paragraphs and
the next were copied from the terminal.

OpenBLAS built with its own threads lets them spin after each matrix product, on the cores that the next operator needs. A
gradient of smallcnn's images in pieces of 64 took 711 µs an image with two threads and 388 µs with one thread for OpenBLAS,
726 and 660 µs with one thread in all (one measurement each, AMD EPYC, two cores). Where OpenBLAS shares LibTorch's threads, as in
the records below, \`lever/quiet-blas\` switches nothing, and its row shows what the machine's noise is.

What is simply not computed has no switch; measured alone on ResNet-18, batch 128, in LibTorch's plain convolutions, five runs in
turns, copied from the terminal: a pass with the gradients of the weights too takes 2.21 s, with that of the images alone 1.42 s, 1.56
times less; a second forward pass for the log would take 0.66 s, 8 % of a REAT step; sums and ReLU in place gain nothing in time
(2.27 s for a training pass either way).

Channels-last no longer shows a gain in attack steps where maps are kept out of blocks, which they are only with that lever off;
training steps gain by it.

`,

  Peak: `A product of two 2048×2048 matrices and the 3×3 convolutions of ResNet-18's stages (channels x side, batch 64) in three memory
layouts, in the same run as the attack steps; those count each convolution once forward and once back to the images. Winograd's
convolutions are counted as the direct ones that they stand for, which takes both them and the attack steps above what the
machine can multiply. What holds the rest: strided convolutions, a ninth of the work, multiply more than twice as often for each
result as the others do; the large maps of the first stage are read and written at the speed of the memory; and the tiles' values
at the points go through the caches twice.

`,

  Profile: `The time of each operator without that of the operators it calls, by LibTorch's own record of function calls, backward
passes included; what is in no operator is JavaScript and bookkeeping. Rows are medians of repetitions.

`,

  Scaling: `Training steps of REAT with ten attack steps (ResNet-18: two) unless the picture varies them, batch 128, two threads.

`,

  spinning: `## Idle threads

GNU OpenMP lets idle threads spin before they sleep. \`reat\` sets \`GOMP_SPINCOUNT\` to 20000 unless it or \`OMP_WAIT_POLICY\` is set.
Forward pass and image gradient of \`small-resnet\`, batch 128, two threads on two cores, the median of eight, one measurement
each, AMD EPYC, LibTorch 1.13.0; the other process was a busy loop on one core.

| \`GOMP_SPINCOUNT\` | idle machine, ms | beside another process, ms |
| --- | --- | --- |
| 1,000 | 110 | 168 |
| 5,000 | 115 | 189 |
| 20,000 | 77 | 247 |
| 50,000 | 82 | 314 |
| 100,000 | 81 | 408 |
| 300,000 (GNU's default) | 78 | 232 |

The last column does not rank the counts: in this one measurement GNU's default was no slower than 20,000. Beside two other
LibTorch processes, at another time and load, 1,000 took 127 to 210 ms where the default took 300 to 2,519 ms; 20,000 was not
measured there. So 20,000 is known to cost nothing on an idle machine, and its gain on a busy one is not shown. The work of one
thread took 125 ms on the idle machine. These figures were copied from the terminal, not written by a script.
`,
};
