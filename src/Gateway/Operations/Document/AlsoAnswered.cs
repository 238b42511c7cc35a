namespace Gateway.Operations.Document;

/// <summary>Declares a second JSON body that an answer may have.</summary>
/// <param name="Status">The status.</param>
/// <param name="Type">The body, which another operation answers too.</param>
internal sealed record AlsoAnswered(int Status, Type Type);
