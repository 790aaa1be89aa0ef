// Mistakes that types do not show. The types are checked by tsc, the layout by prettier.
const rules = [
  ...["eqeqeq", "no-var", "prefer-const", "no-eval", "no-implied-eval", "no-new-func"],
  ...["no-self-compare", "no-self-assign", "no-constant-condition", "no-dupe-else-if"],
  ...["no-empty", "no-unused-vars", "no-unused-expressions", "no-useless-return"],
  ...["no-unmodified-loop-condition", "no-unreachable-loop", "no-loss-of-precision"],
  ...["no-sparse-arrays", "no-unsafe-finally", "no-unsafe-optional-chaining", "no-throw-literal"],
  ...["array-callback-return", "default-case-last", "no-else-return", "object-shorthand"],
  ...["require-atomic-updates", "use-isnan", "valid-typeof", "no-console", "no-debugger"],
];
export default [{ rules: Object.fromEntries(rules.map((rule) => [rule, "error"])) }];
