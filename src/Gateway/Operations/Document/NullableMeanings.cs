using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>A property that is null or an object is a choice of two, and its meaning stands at the second: it belongs to both.</summary>
internal static class NullableMeanings
{
    public static Task LiftAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var property in (document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>()).Values
            .SelectMany(schema => schema.Properties ?? new Dictionary<string, IOpenApiSchema>()).Select(property => property.Value))
        {
            if (property is OpenApiSchema { Description: null, OneOf: { Count: 2 } choices } choice
                && choices.OfType<OpenApiSchemaReference>().FirstOrDefault() is { Description: { } meaning })
            {
                choice.Description = meaning.ReplaceLineEndings(" ");
            }
        }

        return Task.CompletedTask;
    }
}
