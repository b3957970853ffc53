"""The image tasks: what is drawn, and the folders it is written to."""

import cv2
import digits_image
import numpy as np
import torch
from digits import Scans

from tests.test_tools.test_quickstart.ink import seeded


def test_source_is_light_on_dark_and_target_dark_on_light(split):
    scans = split.train.take(torch.arange(64))
    source = digits_image.draw_light_on_dark(scans, seeded())
    target = digits_image.draw_ink_on_paper(scans, seeded())
    assert source.shape == target.shape == (64, 3, 32, 32)
    for images, lighter in ((source, True), (target, False)):
        assert images.min() >= 0 and images.max() <= 1
        border = images[..., 0, :].mean((1, 2))
        extreme = images.mean(1).flatten(1)
        extreme = extreme.amax(1) if lighter else extreme.amin(1)
        assert ((extreme > border) == lighter).all()


def test_image_folder_is_whole_balanced_and_disjoint(split, tmp_path):
    digits_image.write_image_folder(tmp_path, split)
    files = {
        part: sorted((tmp_path / part).glob('*/*.png')) for part in ('train', 'val')
    }
    labels = {part: [int(f.parent.name) for f in files[part]] for part in files}
    assert np.bincount(labels['train']).tolist() == [30] * 10
    assert len(files['val']) == 2 * 597
    scans = {part: {int(f.name[:4]) for f in files[part]} for part in files}
    assert scans['train'] == set(split.train.index.tolist())
    assert scans['val'] == set(split.val.index.tolist())
    true = dict(zip(split.val.index.tolist(), split.val.label.tolist(), strict=True))
    assert all(int(f.parent.name) == true[int(f.name[:4])] for f in files['val'])
    image = cv2.imread(str(files['val'][0]))
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8


def test_image_folder_holds_what_was_drawn(split, tmp_path):
    few = Scans(split.train.index[:2], split.train.ink[:2], split.train.label[:2])
    digits_image.write_image_folder(tmp_path, type(split)(split.pretrain, few, few), 7)
    drawn = digits_image.draw_ink_on_paper(few, seeded(7))
    index, label = few.index[1].item(), few.label[1].item()
    file = tmp_path / 'train' / str(label) / f'{index:04d}_0.png'
    read = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) / 255
    assert np.abs(read - drawn[1].permute(1, 2, 0).numpy()).max() <= 0.5 / 255 + 1e-6
