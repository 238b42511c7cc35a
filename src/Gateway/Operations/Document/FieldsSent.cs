namespace Gateway.Operations.Document;

/// <summary>Declares header fields of an answer.</summary>
/// <param name="Status">The status that they come with.</param>
/// <param name="Fields">The fields.</param>
internal sealed record FieldsSent(int Status, IReadOnlyList<AnswerField> Fields);
