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

Taken since: maps in blocks kept across layers, because only then can oneDNN be asked for Winograd's convolutions without
rearranging maps before and after each. Those multiply a quarter as often and round four to ten times more coarsely (largest
error 1.6e-6 to 3.1e-6 of the largest value against 2.4e-7 to 3.2e-7, beside float64; a ResNet-18's image gradient is off by
8.2e-7 of its length against 3.7e-7). So examples are made with them (mode "fast") and judged without them (mode "frozen"): the
accuracy that is reported is the plain network's. Channels-last was tried on ResNet-18 and taken back: under the recorded
attacks its rounding moves more pixels than the golden numbers allow; small-resnet and smallcnn keep it where blocks are not to
be had. The figures of this paragraph and the next were copied from the terminal.

OpenBLAS built with its own threads lets them spin after each matrix product, on the cores that the next operator needs. A
gradient of smallcnn's images in pieces of 64 took 711 µs an image with two threads and 388 µs with one thread for OpenBLAS,
726 and 660 µs with one thread in all (one measurement each, AMD EPYC, two cores).

`,

  Peak: `A product of two 2048×2048 matrices and the 3×3 convolutions of ResNet-18's stages (channels x side, batch 64) in three memory
layouts, in the same run as the attack steps; those count each convolution once forward and once back to the images. Winograd's
convolutions are counted as the direct ones that they stand for, which takes both them and the attack steps above what the
machine can multiply. Strided convolutions have no Winograd form and hold the attack steps below it, then ReLU and additions.

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
