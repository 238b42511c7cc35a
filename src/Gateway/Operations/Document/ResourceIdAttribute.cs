namespace Gateway.Operations.Document;

/// <summary>The id in a path. It is bound as text, so that a wrong one is answered with a problem of its own.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class ResourceIdAttribute : MeaningAttribute
{
    public ResourceIdAttribute()
        : base("The resource: an unsigned 64-bit number, decimal or hexadecimal after 0x.", "42") => Pattern = IdPattern;
}
