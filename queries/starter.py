"""`retold init`: a commented claims.yaml to start from."""

from pathlib import Path

from kb.errors import UserError

CLAIMS = """\
# What retold tracks: a study, who speaks about it, what was said, and where to look.
# Lines that begin with # are explanations or examples; take the # away to use one.
version: 1

# Shown to servers in the crawler's user agent, so that they can reach you: a mail address or a page.
# contact: desk@example.org

study:
  id: my-study                     # lower-case letters, digits, hyphens
  title: Title of the Paper as Printed
  # url: https://doi.org/10.1234/abcd
  aliases:                         # other names that the press uses for it; at least one helps finding coverage
    - short name of the finding
  # since: 2026-01-15              # the window in which coverage is looked for
  # until: 2026-12-31
  # documents:                     # versions of the paper, the press release, the lab's own post
  #   - {id: v1, title: First version, url: "https://arxiv.org/abs/0000.00000v1", published: 2026-01-15}

speakers:
  # - id: roe
  #   name: Jane Roe
  #   aliases: [Roe]
  #   affiliation: Example University
  #   role: computer scientist

quotes:                            # the wordings that others are held against
  # - id: roe-surprised
  #   speaker: roe
  #   text: "We were surprised by how often it happened."
  #   source: https://first-report.example/story
  #   tolerance: punctuation       # exact | punctuation | trim

claims:                            # what the study says, with its numbers and caveats
  # - id: models-tested
  #   text: Seven models were tested.
  #   expect: {quantity: 7, of: models tested}
  #   caveats: [simulated scenarios]
  #   document: v1
  #   exact: "We test seven models."

sources:                           # where to look
  # - id: example-news
  #   name: Example News
  #   domains: [news.example]
  #   kind: press                  # press | agency | rewriter | primary
  #   feeds: ["https://news.example/science.xml", "https://news.example/?s={query}&feed=rss2"]
  #   sitemaps: ["https://news.example/news-sitemap.xml"]     # or its robots.txt, for the sitemaps that it names
  #   pages: ["https://news.example/science"]

feeds:                             # feeds of no source, such as those of search services
  # - "https://search.example/rss?q={query}"     # {query}: aliases, DOI, speakers with the topic, quotes, in turn

searches:                          # searches whose new answers `retold watch` tells
  # - id: no-caveat
  #   query: models protect each other
  #   kind: passage                # passage | quote; also speaker, source, language, verdict, near

schedule: daily                    # when `retold watch` runs: hourly | daily | weekly | a cron line
alerts:                            # whom it tells, by Apprise; ${NAME} is filled in from the environment
  # - mailto://desk:${MAIL_PASSWORD}@mail.example.org?to=desk@example.org
  # - json://hooks.example.org/retold
"""


def write_claims(folder: Path) -> Path:
    """Write the starter file into a folder, made if need be; UserError when one is there already."""
    target = folder / "claims.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(CLAIMS)
    except (FileExistsError, NotADirectoryError) as error:
        there = "is there already; it was left as it is" if folder.is_dir() else "cannot be made: a file is in the way"
        raise UserError(f"{target} {there}") from error
    return target
