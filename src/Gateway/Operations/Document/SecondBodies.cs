using System.Globalization;
using System.Net.Mime;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Describes answers whose body is one of two: of several bodies with one status the framework keeps the last.</summary>
internal static class SecondBodies
{
    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var second in context.Description.ActionDescriptor.EndpointMetadata.OfType<AlsoAnswered>())
        {
            var answer = operation.Responses![second.Status.ToString(CultureInfo.InvariantCulture)];
            var body = answer.Content![MediaTypeNames.Application.Json];
            body.Schema = new OpenApiSchema { OneOf = [body.Schema!, new OpenApiSchemaReference(second.Type.Name, context.Document)] };
        }

        return Task.CompletedTask;
    }
}
