"""The networks of the benchmarks in plain PyTorch, channels first; parameter names as in reat's models."""
import torch
from torch import nn

SHAPES = {
    "resnet18": dict(stem=(64, 1), stages=[(64, 2, 1), (128, 2, 2), (256, 2, 2), (512, 2, 2)]),
    "small-resnet": dict(stem=(32, 2), stages=[(32, 1, 1), (64, 1, 2), (128, 2, 2)]),
}


class BasicBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.residual_function = nn.Sequential(
            nn.Conv2d(inputs, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x):
        return torch.relu(self.residual_function(x) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, name, classes):
        super().__init__()
        width, stride = SHAPES[name]["stem"]
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.stages = []
        for index, (out, blocks, stride) in enumerate(SHAPES[name]["stages"]):
            layers = []
            for position in range(blocks):
                layers.append(BasicBlock(width, out, stride if position == 0 else 1))
                width = out
            stage = nn.Sequential(*layers)
            self.add_module(f"layer{index + 1}", stage)
            self.stages.append(stage)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(width, classes)

    def forward(self, x, with_features=False):
        x = self.conv1(x)
        for stage in self.stages:
            x = stage(x)
        features = self.pool(x).flatten(1)
        logits = self.fc(features)
        return (features, logits) if with_features else logits


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1; the 3×3 has the stride, as in torchvision."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ImageNetResNet50(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs, stages = 64, []
        for index, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            layers = []
            for position in range(blocks):
                layers.append(Bottleneck(inputs, width, 2 if position == 0 and index > 0 else 1))
                inputs = 4 * width
            stages.append(nn.Sequential(*layers))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x, with_features=False):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        features = x.mean((2, 3))
        logits = self.fc(features)
        return (features, logits) if with_features else logits


class WideBlock(nn.Module):
    """Norm and activation before each of two convolutions; the shortcut starts after the first activation."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.convShortcut = None
        if stride != 1 or inputs != width:
            self.convShortcut = nn.Conv2d(inputs, width, 1, stride, bias=False)

    def forward(self, x):
        active = torch.relu(self.bn1(x))
        out = self.conv2(torch.relu(self.bn2(self.conv1(active))))
        return out + (x if self.convShortcut is None else self.convShortcut(active))


class WideResNet(nn.Module):
    def __init__(self, depth, widen, classes):
        super().__init__()
        blocks, width = (depth - 4) // 6, 16
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        for index, stride in enumerate((1, 2, 2)):
            out = 16 * widen * 2**index
            layers = [WideBlock(width if i == 0 else out, out, stride if i == 0 else 1) for i in range(blocks)]
            self.add_module(f"block{index + 1}", nn.ModuleDict({"layer": nn.Sequential(*layers)}))
            width = out
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, classes)

    def forward(self, x, with_features=False):
        x = self.conv1(x)
        for block in (self.block1, self.block2, self.block3):
            x = block["layer"](x)
        features = torch.relu(self.bn1(x)).mean((2, 3))
        logits = self.fc(features)
        return (features, logits) if with_features else logits


class SmallCnn(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 1, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 2, 1)
        self.conv3 = nn.Conv2d(64, 128, 3, 2, 1)
        self.conv4 = nn.Conv2d(128, 128, 3, 2, 1)
        self.fc1 = nn.Linear(2048, 128)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x):
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = torch.relu(layer(x))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


def build(name, classes):
    if name == "smallcnn":
        return SmallCnn(classes)
    if name == "wrn28_10":
        return WideResNet(28, 10, classes)
    if name == "resnet50-imagenet":
        return ImageNetResNet50(classes)
    return ResNet(name, classes)
