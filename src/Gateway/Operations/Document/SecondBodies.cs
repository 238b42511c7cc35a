using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Describes answers whose body is one of several: of several bodies with one status the framework keeps the last.</summary>
internal static class SecondBodies
{
    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var second in context.Description.ActionDescriptor.EndpointMetadata.OfType<AlsoAnswered>())
        {
            var answer = operation.Responses![second.Status.ToString(CultureInfo.InvariantCulture)];
            if (second.Type == typeof(string))
            {
                answer.Content!.Add(
                    MediaTypeNames.Text.Html, new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
                continue;
            }

            var schema = new OpenApiSchemaReference(second.Type.Name, context.Document);
            if (answer.Content!.TryGetValue(MediaTypeNames.Application.Json, out var body))
            {
                var others = body.Schema is OpenApiSchema { OneOf: { } several } ? several : [body.Schema!];
                body.Schema = new OpenApiSchema { OneOf = [.. others, schema] };
            }
            else
            {
                answer.Content.Add(MediaTypeNames.Application.Json, new OpenApiMediaType { Schema = schema });
            }
        }

        return Task.CompletedTask;
    }
}
