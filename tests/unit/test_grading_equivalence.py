r"""Equal and different answers, written by hand: ``gold == answer`` or ``gold != answer``, a case a line.

What is known to be missed: intervals in the French way (``]0, 1[``).
"""

from __future__ import annotations

import re

import pytest

from scale_or_reason.grading import math

CASES = {
    "intervals": r"""
[0,1) == [0, 1)
(0,1) != [0,1]
(-\infty, 3] == (-\infty,3]
(-\infty, 3] == x \le 3
(-\infty, 3] != x < 3
(2,5) == 2<x<5
[2,5] == 2 \le x \le 5
(-\infty,-1)\cup(2,\infty) == (-\infty, -1) \cup (2, \infty)
(-\infty,-1)\cup(2,\infty) == (2, \infty) \cup (-\infty, -1)
[1,2]\cup[3,4] != [1,2] \cup [3,5]
x \in [0,1] == [0,1]
[-2,7] == x \in [-2,7]
(3, \infty) == x > 3
(3, +\infty) == (3, \infty)
(3,\infty) != [3,\infty)
""",
    "sets": r"""
\{1,2,3\} == \{3,2,1\}
1,2,3 == 3,2,1
1,-2 == -2, 1
1,-2 == x=1, x=-2
1,-2 == x = -2 \text{ or } x = 1
1,-2 == 1 \text{ and } -2
\{1,2\} != \{1,2,3\}
1,2 != 1
5, 6 == 5 \text{ or } 6
\{1,2\} == 1, 2
\emptyset == \{\}
\emptyset == \varnothing
\pm 3 == 3, -3
3,-3 == \pm 3
x = \pm 3 == \pm 3
\pm 3 != 3
1 \pm \sqrt{2} == 1+\sqrt{2}, 1-\sqrt{2}
1+\sqrt{2},1-\sqrt{2} == 1\pm\sqrt2
\frac{3 \pm \sqrt{5}}{2} == \frac{3+\sqrt5}{2}, \frac{3-\sqrt5}{2}
""",
    "tuples and matrices": r"""
(1,2) != (2,1)
(1,2) == 1,2
(1,2) == (1, 2.0)
(3,-4,5) == \left(3, -4, 5\right)
(x,y)=(1,2) == (1,2)
(1,2) == x=1, y=2
(1,2) == x = 1 \text{ and } y = 2
(1,2),(3,4) == (3,4),(1,2)
(1,2),(3,4) != (1,2)
\begin{pmatrix}1\\2\end{pmatrix} == \begin{bmatrix}1\\2\end{bmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} == \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} != \begin{pmatrix}1&2\\3&5\end{pmatrix}
\begin{pmatrix}1\\2\end{pmatrix} != \begin{pmatrix}2\\1\end{pmatrix}
\begin{pmatrix}1/2\\0\end{pmatrix} == \begin{pmatrix}\frac12\\0\end{pmatrix}
\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix} == \begin{bmatrix} -\frac{1}{3} \\ \frac{2}{3} \\ \frac53 \end{bmatrix}
""",
    "units, percent, money": r"""
90^\circ == 90
90 == 90^{\circ}
90 == 90 \text{ degrees}
45 == 45°
120^\circ != 60^\circ
12 == 12\text{ cm}
12 == 12 \text{ cm}^2
12 == 12\,\mathrm{cm}^2
12 == 12 \text{ square units}
12 == 12 cm
12\text{ cm} == 12
\frac{3}{2} \text{ units} == \frac32
10\% == 10
10\% == 10\%
10 == 10\%
25\% == 0.25
25 != 0.25
10 \text{ percent} == 10\%
\$18.90 == 18.90
18.90 == \$18.9
18.90 == \$18.90
1000 == \$1,000
32{,}348 == 32348
32348 == 32,348
10{,}080 == 10 080
1000000 == 1,000,000
1,000 == 1000
36 == 36 \text{ inches}
5 == 5 \text{ miles per hour}
9 == 9 \text{ p.m.}
\$32,\!348 == 32348
5.5 == 5.50 \text{ dollars}
5\sqrt{2} == 5\sqrt{2} \text{ cm}
16\pi == 16\pi \text{ square inches}
16\pi == 16\pi\ \text{cm}^2
16\pi\text{ cm}^2 == 16\pi
16\pi != 50.27
""",
    "fractions and mixed numbers": r"""
\frac12 == 0.5
\frac{1}{2} == 1/2
\dfrac{1}{2} == \tfrac12
2\frac{1}{3} == \frac{7}{3}
\frac73 == 2\frac13
2\frac{1}{3} != \frac{2}{3}
\frac{270}7 == \frac{270}{7}
\frac{-1}{2} == -\frac{1}{2}
-\frac{1}{2} == \frac{1}{-2}
\frac34 == .75
0.\overline{3} == \frac13
\frac{1}{3} != 0.333
\frac{1}{3} == 0.3333
1.5 == \frac{3}{2}
\frac{\sqrt3}{3} == \frac{1}{\sqrt3}
\frac{a}{b} == a/b
\frac{2}{4} == \frac{1}{2}
0.75 == 75\%
\frac{3}{4} == 75\%
2 \frac{1}{2} == 2.5
2 1/2 == 2.5
-2\frac{1}{2} == -2.5
""",
    "powers of ten": r"""
3\times10^8 == 300000000
3\times10^8 == 3 \cdot 10^{8}
3\times10^8 != 3\times10^7
1.2\times10^{-3} == 0.0012
3e8 == 3\times 10^8
""",
    "equations": r"""
5 == x=5
x=5 == 5
y=2x+3 == 2x+3
2x+3 == y = 2x+3
y=2x+3 == y = 3 + 2x
y=2x+3 == 2x - y + 3 = 0
y=2x+3 != y=2x-3
x^2+y^2=4 == y^2+x^2=4
x^2+y^2=4 == x^2+y^2-4=0
f(x)=x^2 == x^2
x^2 == f(x) = x^2
\angle A = 30 == 30
k=\frac13 == \frac13
AB = 5 == 5
5 == AB=5
5 == a_1 = 5
5 == \text{Answer: } 5
5 == \text{The answer is } 5
7 == x+y = 7
7 == 3+4=7
5 == n \approx 5
""",
    "words": r"""
\text{Evelyn} == Evelyn
\text{Evelyn} == \text{evelyn}
\text{Evelyn} == \textbf{Evelyn}
\text{(C)} == C
\text{(C)} == (C)
\text{(C)} != D
\text{C} == \text{(C) } 5
\text{C} == \textbf{C}
\text{odd} == odd
\text{odd} != \text{even}
\text{odd} == \text{The function is odd}
even != \text{neither}
\text{east} == \text{East}
2 == two
7 == \text{seven}
7 != \text{eight}
\text{Navin} == \text{Navin.}
\text{June 20} == June 20
\text{June 20} == \text{June 20th}
\text{Saturday} == Saturday
\text{yes} == \text{Yes}
A == \text{A}
A != B
\text{ellipse} == \text{an ellipse}
""",
    "times and ratios": r"""
3:15 == 3:15
3:15 \text{ p.m.} == 3:15 \text{ PM}
3:15\text{ p.m.} == \text{3:15 p.m.}
3:15\text{ p.m.} != 3:15 \text{ a.m.}
3:2 == 3:2
3:2 == \frac{3}{2}
3:2 != 2:3
1:2 == 2:4
3:15 != 3:16
""",
    "bases, infinity, complex numbers": r"""
2516_8 == 2516_8
2516_8 == 2516_{8}
2516_8 == 2516
2516_8 != 2516_{7}
101_2 == 101_{\text{two}}
\infty == \infty
\infty == +\infty
\infty != -\infty
\infty == \text{infinity}
3+4i == 4i+3
3+4i != 3-4i
-i != i
6 - 5i == 6-5i
2i == 2 \mathrm{i}
""",
    "algebra": r"""
x^2+2x+1 == (x+1)^2
(x-2)(x-3) == x^2-5x+6
(x-2)(x-3) == (x-3)(x-2)
(x-2)(x+3) != (x-3)(x+2)
\sqrt{8} == 2\sqrt{2}
\sqrt{3+2\sqrt{2}} == 1+\sqrt{2}
\sqrt[3]{16} == 2\sqrt[3]{2}
2^{1/2} == \sqrt2
\sqrt2 == \sqrt{2}
\frac{1}{1+x} == (1+x)^{-1}
\log_2 3 == \frac{\ln 3}{\ln 2}
\sin x == \sin(x)
\tan x == \frac{\sin x}{\cos x}
\pi != 3.14
\pi == 3.14159
2\pi r == 2 \pi r
a b == ba
5! == 120
\binom{5}{2} == 10
2^{10} == 1024
|x| == \sqrt{x^2}
3x == 3 x
\sec^2 x == 1+\tan^2 x
-3x^2 != 3x^2
x^3+3x-6 == x^{3} + 3 x - 6
\frac{x+2}{7} == \frac{x}{7}+\frac{2}{7}
p - q == p-q
r^{\frac{1}{4}} == r^{1/4}
""",
    "spelling": r"""
5 == 5.
5 == 5.0
5.00 == 5
5 == +5
-5 == −5
5 == $5$
5 == \(5\)
5 == **5**
5 == {5}
4t == {4t}
\frac{a}{b} == {\frac{a}{b}}
50,625 == {50,625}
\text{Evelyn} == {\text{Evelyn}}
4:30\text{ p.m.} == 4:30 p.m.
4:30\text{ p.m.} != 4t
4:30\text{ p.m.} != 4:35 p.m.
5 == (5)
5 == 5\\
5 == \displaystyle 5
5 == \mathbf{5}
5 == \boldsymbol{5}
0.5 == .5
0.50 == 0.5
5 == 5;
5 == \;5\;
1,2,3,4 == 1, 2, 3, \text{ and } 4
2, 3 == 2,3
2,3 != 23
123 != 1,23
17 == 17 \text{ (apples)}
1/2, 3 == \frac12, 3
10 != 10 \times 10
8 == 2^3
0 == -0
0 == 0.0
2,4,6 != 2,4,8
11111 == 11{,}111
3.14 == 3.140
10^{100} == 10^{100}
10^{100} != 10^{99}
6 != 6 \text{ or } 7
x<5 == 5>x
x<5 != x \le 5
x\geq 3 == x \ge 3
x \ne 2 == x \neq 2
x \neq 2 != x = 2
-1 \le x \le 1 == [-1,1]
a>b == b<a
""",
    "other spellings": r"""
12 == 12 m
12 == 12 \text{ m}
12 == 12\text{ m}^2
12 == 12\text{m}
12 == 12 \, \text{m/s}
12 == 12\%
12 == 12 g
12 == 12 km/h
12 == 12\ \mathrm{kg}
12 != 12 dollars and 50 cents
12 != 13 m
12 != 12x
12 != 12y
3.5 == 3.5 \text{ liters}
12 == \text{12 apples}
12 == \text{12}
12 == \text{Total: } 12
12 == 12~\text{cm}^3
12 == 12\ ^\circ\text{C}
12 == 12^\circ C
30 == 30\text{ mph}
12 == \$12.00
12 == $12
12 == USD 12
12 == 12 \text{ USD}
12 == €12
12 == £12
5 != 5 out of 8
12.50 == \$12.50
1250 == 1,250.00
0.5 != 50 cents
\frac13 == \frac1{3}
\frac13 == \frac{1}3
\frac13 == \cfrac{1}{3}
\frac{1}{3} == \tfrac{1}{3}
\frac13 == 1\over 3
\frac13 == {1 \over 3}
\frac{13}{2} == 13/2
-\frac{13}{2} == -13/2
-\frac{13}{2} == \frac{13}{-2}
\frac{x}{2} == x/2
\frac{x}{2} == \frac12 x
\frac{x}{2} == 0.5x
\frac{5\pi}{6} == 5\pi/6
\frac{5\pi}{6} == \frac{5}{6}\pi
\frac{5\pi}{6} != 150^\circ
\frac{\pi}{2} == \pi/2
\frac{\pi}{2} == pi/2
\sqrt{3} == sqrt(3)
\sqrt{3} == √3
2\sqrt3 == 2√3
\sqrt{3} == 3^{1/2}
\sqrt{3} == sqrt{3}
x^2 == x²
x^{10} == x^10
x^{10} == x**10
3x^2+2 == 3*x^2+2
2 \cdot 3 == 6
x\cdot y == xy
5 == \boxed{5}
(2,3) == x=2,\ y=3
(2,3) == (x,y)=(2,3)
(2,3) != [2,3]
(2,3) != (3,2)
2,3 == 2 \text{ and } 3
2,3 == 2 and 3
2,3 == x=2\text{ or }x=3
2,3 == x=2 or x=3
2,3 == x = 2, 3
2,3 == x_1=2, x_2=3
2, 3 == 2;3
\{2,3\} == x\in\{2,3\}
1,2,3 == 1,2,3.
-1,1 == \pm 1
\text{no solution} != \text{No solutions}
\text{no solution} == no solution
y = -\frac{1}{2}x + 3 == y = -0.5x+3
y = -\frac{1}{2}x + 3 == x + 2y = 6
x^2 - 4 = 0 == x^2=4
3:2 == 3 : 2
3:2 == 3\text{ to }2
0.\overline{12} == \frac{4}{33}
\frac{4}{33} == 0.\overline{12}
1.25 == 5/4
1.25 == 1\frac{1}{4}
1.25 == 1 1/4
1.25 != 1-1/4
2^{10} == 2^10
10^{6} == 1,000,000
10^6 == 1e6
6.02e23 == 6.02 \times 10^{23}
0.000001 == 10^{-6}
10:30 == 10:30 AM
\text{10:30 a.m.} == 10:30
9:00 == 9 a.m.
9:00 PM != 21:00
f^{-1}(x) = 2x == 2x
-2x+1 == 1-2x
A=5, B=3 == (5,3)
5 != 5 \text{ or } -5
5 != 5, -5
5 != x>5
x>5 != 5
5 != 5!
120 == 5!
5 != -5
5 != 5i
0 != \emptyset
1 == 100\%
100 != 1
0.07 == 7\%
7\% == 0.07
7 != 0.07
""",
}


def cases_of(name: str) -> list[tuple[str, str, bool]]:
    cases = [re.fullmatch(r"(.*?) (==|!=) (.*)", line) for line in CASES[name].strip().split("\n")]
    return [(case[1], case[3], case[2] == "==") for case in cases if case is not None]


def test_every_case_is_read() -> None:
    assert sum(len(cases_of(name)) for name in CASES) == sum(len(text.strip().split("\n")) for text in CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_boxed_answers(name: str) -> None:
    wrong = [
        (gold, answer, equal)
        for gold, answer, equal in cases_of(name)
        if (math.grade({"gold": [gold]}, rf"So \boxed{{{answer}}}.").verdict == "yes") is not equal
    ]
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("5", r"\boxed{4} wait, no. \boxed{5}", True),
        ("5", r"\boxed{5} wait, no. \boxed{4}", False),
        ("5", r"\fbox{5}", True),
        ("5", r"The answer is \boxed{5}. Check: 2+2=4.", True),
        ("5", r"$\boxed{x=5}$", True),
        ("5", r"\[\boxed{\text{five}}\]", True),
        ("5", r"\boxed{~5~}", True),
        ("5", r"\boxed{\$5}", True),
        ("5", r"\boxed{5}\boxed{}", True),
        ("1,2", r"\boxed{1} so \boxed{2}", False),
        ("5", "The answer is 5.", True),
        ("5", "The answer is $5$.", True),
        ("5", "The final answer is: $5$", True),
        ("5", "#### 5", True),
        ("5", "**Answer:** 5", True),
        ("5", "**Final Answer**\n5", True),
        ("5", "So x = 5.", True),
        ("5", "Therefore, there are 5 apples.", True),
        ("5", "= 5", True),
        ("5", "We get 2+3 = 5", True),
        ("5", "The answer is five.", True),
        ("1000", "The answer is 1,000.", True),
        ("1000", "The total is $1,000.00", True),
        ("5", r"The answer is $\boxed{5}$", True),
        ("5", r"answer: \(5\)", True),
        ("5", "The answer is **5**.", True),
        ("5", "The answer is 5 (not 6).", True),
        ("5", "Final answer: 5 apples", True),
        ("18", "He makes 9 * 2 = $<<9*2=18>>18 every day.", True),
        ("18", "Janet makes $18 per day.", True),
        ("-3", "The answer is -3.", True),
        ("-3", "The answer is −3.", True),
        ("0.5", "The probability is 0.5.", True),
        (r"\frac{1}{2}", r"The answer is $\frac{1}{2}$.", True),
        (r"\frac{1}{2}", "The answer is 1/2.", True),
        (r"\frac{1}{2}", "The answer is 0.5.", True),
        (r"\sqrt{2}", r"The answer is $\sqrt{2}$.", True),
        ("x+1", "The answer is $x+1$", True),
        (r"\text{Evelyn}", "The answer is Evelyn.", True),
        (r"\text{Evelyn}", "Evelyn", True),
        (r"\text{(C)}", "The answer is (C).", True),
        ("(1,2)", "The answer is $(1,2)$.", True),
        ("(1,2)", "The answer is (1, 2).", True),
        ("70000", "The profit was $70,000.", True),
        ("20", "He ate 20 cookies.\n\nAnswer: 20", True),
        ("20", "The answer is 20%", True),
        ("20", "The answer is 20.0", True),
        ("540", "That's 540 meters a week (3 x 180).", True),
    ],
)
def test_answers_in_prose(gold: str, answer: str, right: bool) -> None:
    assert (math.grade({"gold": [gold]}, answer).verdict == "yes") is right
