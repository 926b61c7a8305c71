"""Readable random names of runs, such as `sunny-river-12`."""

import random

_ADJECTIVES_TEXT = """
amber ancient autumn bold brave bright brisk calm clear clever cool copper coral
cosmic crimson crisp curious dawn deep distant eager early easy electric emerald
fair fancy fast fearless fine floral fluent fresh gentle giddy glad golden good
grand green happy hardy hearty honest hopeful humble icy jolly keen kind lilac
lively lucky lunar mellow merry mild misty modest morning neat noble northern olive
patient peach pearl playful polar proud quick quiet rapid rare restful robust rosy
royal ruby rustic sage scarlet serene sharp silent silver smart smooth snowy solar
solid sparkling spring stellar still sunny super swift tender tidy toasty tranquil
twilight upbeat valiant velvet vibrant violet vital warm wild wise wistful witty
zany zesty
"""
_ADJECTIVES = _ADJECTIVES_TEXT.split()
_NOUNS_TEXT = """
anchor apple aurora badger bay beach bear birch bird blossom brook canyon cedar
cherry cliff cloud comet coral cosmos creek crow dawn deer delta desert dew dolphin
dove dragon dream dune eagle ember falcon feather fern field finch fire firefly
fjord flower fog forest fox galaxy garden glacier glade grass grove harbor hawk
heron hill horizon island jazz lake lantern lark leaf lemur lion lotus maple marsh
meadow mesa meteor mist moon morning mountain night oak oasis ocean orchid otter owl
palm panda path peak pebble pine planet plant pond prairie puddle quail rain raven
reef ridge river robin rock rose sand sea shadow shape sky smoke snow spruce
squirrel star stone storm stream sun sunrise sunset surf swan thunder tiger tree
valley vine violet voice water wave wind wolf wood yogurt zephyr
"""
_NOUNS = _NOUNS_TEXT.split()


_RANDOM = random.SystemRandom()
"""What `secrets` uses; that module loads OpenSSL, 4 ms of `init`."""


def readable_name() -> str:
    """adjective-noun-number; independent of `random.seed`."""
    adjective, noun = _RANDOM.choice(_ADJECTIVES), _RANDOM.choice(_NOUNS)
    return f"{adjective}-{noun}-{1 + _RANDOM.randrange(99)}"
