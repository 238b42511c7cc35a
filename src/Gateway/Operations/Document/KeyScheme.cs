using Gateway.Access;
using Gateway.Coding;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Declares the bearer keys, which the page asks for under "Authorize": the gateway checks them itself, by its own settings, so
/// that the framework's authentication knows nothing of them.</summary>
internal static class KeyScheme
{
    private const string Name = "key", NodeName = "node";

    public static Task DeclareAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Name] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "One of Gateway:Keys, where the operator has set any.",
        };
        document.Components.SecuritySchemes[NodeName] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = NodeClaim.Scheme,
            Description = "The proof of a node, made with Rain:Secret for this one request.",
        };
        return Task.CompletedTask;
    }

    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        // With or without, as the operator has it, where keys are looked at; an empty list says that they are not.
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Security = NodeDoor.IsBefore(metadata) ? [new() { [new OpenApiSecuritySchemeReference(NodeName, context.Document)] = [] }]
            : Keys.AreRequired(metadata)
            ? [[], new() { [new OpenApiSecuritySchemeReference(Name, context.Document)] = [] }]
            : [];

        return Task.CompletedTask;
    }
}
