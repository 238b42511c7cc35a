using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>Gives parameters their examples, of which the framework knows no attribute, and permitted values, whose attribute it ignores.
/// The example of an optional parameter stands in its schema: the page fills what stands beside the schema into the form, and a request
/// that carries every precondition at once answers nothing but 412.</summary>
internal static class ParameterExamples
{
    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var described in context.Description.ParameterDescriptions)
        {
            var parameter = operation.Parameters?.OfType<OpenApiParameter>().FirstOrDefault(one => one.Name == described.Name);
            if (parameter?.Schema is OpenApiSchema schema
                && described.ParameterDescriptor is IParameterInfoParameterDescriptor { ParameterInfo: { } declared })
            {
                var permitted = declared.GetCustomAttribute<AllowedValuesAttribute>()?.Values;
                schema.Enum = permitted?.Select(value => (JsonNode)(string)value!).ToList();
                if (declared.GetCustomAttribute<MeaningAttribute>() is { } meaning)
                {
                    schema.Pattern = meaning.Pattern;
                    Add(parameter, schema, meaning.Example);
                }
            }
        }

        return Task.CompletedTask;
    }

    private static void Add(OpenApiParameter parameter, OpenApiSchema schema, object example)
    {
        var node = JsonSerializer.SerializeToNode(example)!;
        if (parameter.Required)
        {
            parameter.Example = node;
            return;
        }

        schema.Examples = [node];
        if (parameter.Description?.Contains($"{example}", StringComparison.Ordinal) == false)
        {
            // The page shows no example of a schema.
            parameter.Description += $" As in `{example}`.";
        }
    }
}
