namespace Gateway.Rain;

/// <summary>A list as the API gives it: an object, so that more can be said beside the items later.</summary>
/// <param name="Items">The items.</param>
internal sealed record ItemList<T>(IReadOnlyList<T> Items);
