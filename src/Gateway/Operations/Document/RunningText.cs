using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Joins the lines of XML comments, which the framework hands on as they are broken and indented in the code.</summary>
internal static partial class RunningText
{
    public static Task JoinLinesAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Description = Join(operation.Description);
        foreach (var answer in operation.Responses?.Values ?? Enumerable.Empty<IOpenApiResponse>())
        {
            answer.Description = Join(answer.Description);
        }

        return Task.CompletedTask;
    }

    public static Task JoinLinesAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        schema.Description = Join(schema.Description);
        return Task.CompletedTask;
    }

    private static string? Join(string? text) => text is null ? null : LineBreak().Replace(text, " ");

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex LineBreak();
}
