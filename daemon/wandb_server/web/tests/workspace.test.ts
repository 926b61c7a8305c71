import { describe, expect, test } from "vitest";
import {
  DEFAULT_WORKSPACE,
  formatWorkspace,
  joinList,
  panelId,
  parseWorkspace,
  resolveAxis,
  splitList,
  toggleEye,
  visibleRuns,
  type Workspace,
} from "../src/model/workspace";

describe("the address of a workspace", () => {
  test("a fresh one has a clean address", () => {
    expect(formatWorkspace(DEFAULT_WORKSPACE)).toBe("");
    expect(parseWorkspace("")).toEqual(DEFAULT_WORKSPACE);
  });

  test("everything is written and read back", () => {
    const workspace: Workspace = {
      runSearch: "/a,b\\",
      panelSearch: "loss & acc",
      sort: "name",
      eyes: { rule: "all", shown: ["-dash"], hidden: ["r,1", "*star"] },
      axis: "my/metric,odd",
      smoothing: 0.6,
      logScale: true,
      flipped: ["train/loss", "+a,b"],
      zoom: { axis: "_step", min: -1.5, max: 2e9 },
      panels: [{ keys: ["train/loss", "val,loss"] }, { keys: ["a\\b"] }],
      closed: ["", "train/layer1"],
      full: "train/loss",
      mediaStep: 12,
    };

    expect(parseWorkspace(formatWorkspace(workspace))).toEqual(workspace);
  });

  test.each(["smooth=7&zoom=_step,9,3&eyes=what&sort=x&panel=", "smooth=NaN&zoom=a,b,c&panel=,,", "%E0%A4%A=1"])(
    "nonsense is the default: %s",
    (query) => {
      expect(parseWorkspace(query)).toEqual(DEFAULT_WORKSPACE);
    },
  );

  test("lists keep commas and backslashes", () => {
    const items = ["a,b", "c\\", "\\,", "d"];

    expect(splitList(joinList(items))).toEqual(items);
  });
});

describe("eyes", () => {
  const runs = Array.from({ length: 30 }, (_, index) => `r${index}`);
  const fresh = DEFAULT_WORKSPACE.eyes;

  test("the newest twenty are shown at first", () => {
    expect([...visibleRuns(runs, runs, fresh)]).toEqual(runs.slice(0, 20));
  });

  test("a toggle and back shows the same as before", () => {
    const hidden = toggleEye(fresh, "r3", true);
    const back = toggleEye(hidden, "r3", false);

    expect(visibleRuns(runs, runs, hidden).has("r3")).toBe(false);
    expect(visibleRuns(runs, runs, back).has("r3")).toBe(true);
  });

  test("a run hidden by hand stays hidden when newer ones push it out", () => {
    const eyes = toggleEye(fresh, "r19", true);
    const more = ["new", ...runs];

    expect(visibleRuns(more, more, eyes).has("r19")).toBe(false);
  });

  test("a run shown by hand stays, and runs that are gone are not invented", () => {
    const eyes = toggleEye(toggleEye(fresh, "r25", false), "gone", false);

    expect(visibleRuns(runs, runs, eyes).has("r25")).toBe(true);
    expect(visibleRuns(runs, runs, eyes).has("gone")).toBe(false);
  });

  test("none and all", () => {
    const none = { rule: "none", shown: [], hidden: [] } as const;

    expect([...visibleRuns(runs, runs, toggleEye(none, "r1", false))]).toEqual(["r1"]);
    expect(visibleRuns(runs, runs, toggleEye({ ...none, rule: "all" }, "r1", true)).size).toBe(29);
  });
});

test("the axis is the defined one only while it is automatic", () => {
  expect(resolveAxis("auto", "epoch")).toBe("epoch");
  expect(resolveAxis("auto", null)).toBe("_step");
  expect(resolveAxis("_timestamp", "epoch")).toBe("_timestamp");
});

test("a panel of the user never has the identity of a metric's", () => {
  expect(panelId({ keys: ["loss"] }, true)).not.toBe(panelId({ keys: ["loss"] }, false));
});
