using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Gateway.Operations.Document;

/// <summary>
/// A query parameter or header field as the framework would describe it if it bound it. It is not bound: the gateway reads these with
/// parsers of its own, which tell a field given twice from one with a comma, and answer a wrong one with a problem that says what is
/// right, where binding would answer 400 without a word.
/// </summary>
internal sealed class DeclaredParameter : IParameterBindingMetadata
{
    private DeclaredParameter(ParameterInfo parameter)
    {
        ParameterInfo = parameter;
        IsOptional = parameter.HasDefaultValue || new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;
    }

    public string Name => ParameterInfo.Name!;

    public bool HasTryParse => true;

    public bool HasBindAsync => false;

    public ParameterInfo ParameterInfo { get; }

    public bool IsOptional { get; }

    /// <summary>The parameters of a delegate.</summary>
    public static IEnumerable<DeclaredParameter> Of<T>()
        where T : Delegate =>
        typeof(T).GetMethod(nameof(Action.Invoke))!.GetParameters().Select(parameter => new DeclaredParameter(parameter));
}
