namespace Gateway.Http;

/// <summary>What a type of problem means.</summary>
/// <param name="Type">Its URI, as problem documents name it.</param>
/// <param name="Status">The HTTP status it comes with.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Retryable">Whether the same request may succeed later without anybody changing anything.</param>
/// <example>{ "type": "/problems/not-found", "status": 404, "title": "There is no such thing", "retryable": false }</example>
internal sealed record ProblemDescription(string Type, int Status, string Title, bool Retryable);
