namespace Gateway.Operations.Document;

/// <summary>Declares a body of bytes.</summary>
/// <param name="Meaning">What they are.</param>
/// <param name="MediaType">Their media type.</param>
/// <param name="IsRequired">Whether there must be some.</param>
internal sealed record BytesTaken(string Meaning, string MediaType, bool IsRequired);
