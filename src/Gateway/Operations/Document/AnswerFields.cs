using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Describes the header fields of answers, for which the framework has no metadata.</summary>
internal static class AnswerFields
{
    private static readonly FieldsSent[] Everywhere =
    [
        new(StatusCodes.Status401Unauthorized, [AnswerField.Challenge]),
        new(StatusCodes.Status429TooManyRequests, [AnswerField.RetryAfter]),
        new(StatusCodes.Status503ServiceUnavailable, [AnswerField.RetryAfter]),
    ];

    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var sent in context.Description.ActionDescriptor.EndpointMetadata.OfType<FieldsSent>().Concat(Everywhere))
        {
            if (operation.Responses?.GetValueOrDefault(sent.Status.ToString(CultureInfo.InvariantCulture)) is OpenApiResponse answer)
            {
                answer.Headers ??= new Dictionary<string, IOpenApiHeader>();
                foreach (var field in sent.Fields)
                {
                    answer.Headers[field.Name] = new OpenApiHeader
                    {
                        Description = field.Meaning,
                        Schema = field.Example is int
                            ? new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" }
                            : new OpenApiSchema { Type = JsonSchemaType.String },
                        Example = JsonSerializer.SerializeToNode(field.Example),
                    };
                }
            }
        }

        return Task.CompletedTask;
    }
}
