from headway.lab.report import summary, to_html, to_markdown
from headway.lab.running import run_experiments


def finding_of(root, seeds=(0, 1, 2)):
    (finding,) = run_experiments(["tiny"], root=root, seeds=seeds)
    return finding


def test_the_page_holds_claim_verdict_numbers_and_picture(tiny, tmp_path):
    tiny(note="Numbers < letters & signs.")
    page = to_html([finding_of(tmp_path)])
    assert "Three is more than one." in page
    assert "REPRODUCED" in page
    assert "the treated score is above 2: holds [3, 4, 5]" in page
    assert "control: that of the control is below 2: holds [1, 1, 1]" in page
    assert 'src="data:image/png;base64,' in page
    assert "Numbers &lt; letters &amp; signs." in page


def test_the_page_needs_no_network(tiny, tmp_path):
    tiny()
    page = to_html([finding_of(tmp_path)])
    assert "http" not in page
    assert "<script" not in page


def test_the_gallery_links_the_pictures(tiny, tmp_path):
    tiny()
    text = to_markdown([finding_of(tmp_path)], pictures="lab")
    assert "![tiny](lab/tiny.png)" in text
    assert "| [tiny](#tiny) | Three is more than one. | REPRODUCED |" in text


def test_the_summary_counts_verdicts(tiny, tmp_path):
    tiny()
    good = finding_of(tmp_path / "good")
    tiny(treated=lambda seed: 0.0)
    bad = finding_of(tmp_path / "bad")
    assert summary([good, good, bad]) == "3 claims: 2 reproduced, 1 not reproduced."
