using System.Globalization;
using Gateway.Access;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations;

/// <summary>Completes the operations of the OpenAPI document: parameters with examples, every answer with its meaning and body.</summary>
internal static class OpenApiOperations
{
    /// <summary>What the schema of problem documents is called.</summary>
    public const string ProblemSchema = "Problem";

    /// <summary>Their media type.</summary>
    public const string ProblemType = "application/problem+json";

    private const string Bytes = "application/octet-stream";
    private const string KeyScheme = "key";

    /// <summary>Declares what operations refer to: an example of every kind of problem, and the bearer keys, which the page asks for under
    /// "Authorize".</summary>
    public static void AddComponents(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.Examples = Http.ProblemType.All.ToDictionary(
            type => type.Name, IOpenApiExample (type) => new OpenApiExample { Summary = type.Title, Value = OpenApiExamples.Of(type) });
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[KeyScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "One of Gateway:Keys, where the operator has set any.",
        };
    }

    /// <summary>Completes one operation.</summary>
    public static Task CompleteAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var method = context.Description.HttpMethod ?? "";
        var isHead = HttpMethods.IsHead(method);

        // Comments of handlers are for who reads the code; what the endpoint says of itself is for who calls it.
        operation.Summary = metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault()?.Summary ?? operation.Summary;
        if (isHead)
        {
            // Two methods of one endpoint must not share a name.
            operation.OperationId += "Head";
            operation.Summary += ": the header fields alone";
        }

        operation.Responses ??= [];
        var takesBytes = metadata.Contains(OpenApiSetup.TakesBytesMark.Instance);
        if (takesBytes)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Description = "The bytes as they are to be kept, of any media type.",
                Content = BytesContent(),
            };
            AddParameters(operation, OpenApiParameters.OfUploads);
        }

        var takesPart = metadata.Contains(OpenApiSetup.TakesPartMark.Instance);
        if (takesPart)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Description = "The bytes from the offset on; none when only the end is to be said.",
                Content = BytesContent(Uploads.UploadFields.PartialUpload),
            };
            AddParameters(operation, OpenApiParameters.OfParts);
        }

        if (metadata.Contains(OpenApiSetup.SendsBytesMark.Instance))
        {
            AddParameters(operation, isHead ? OpenApiParameters.OfHeads : OpenApiParameters.OfDownloads);
            DescribeDownload(operation.Responses, isHead);
        }

        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            OpenApiParameters.Complete(parameter);
        }

        var needsKey = Keys.AreRequired(metadata);
        foreach (var status in Everywhere(needsKey, isWrite: !HttpMethods.IsGet(method) && !isHead))
        {
            operation.Responses.TryAdd(Text(status), ProblemAnswer(context.Document));
        }

        foreach (var (status, response) in operation.Responses)
        {
            var code = int.Parse(status, CultureInfo.InvariantCulture);
            CompleteAnswer(context.Document, code, (OpenApiResponse)response, metadata, takesBytes || takesPart, isHead);
        }

        Sort(operation.Responses);
        if (needsKey)
        {
            // Either works, as the operator has it.
            operation.Security = [[], new() { [new OpenApiSecuritySchemeReference(KeyScheme, context.Document)] = [] }];
        }

        return Task.CompletedTask;
    }

    /// <summary>What limits, keys and the guard against other origins' pages may answer to any request.</summary>
    private static IEnumerable<int> Everywhere(bool needsKey, bool isWrite)
    {
        if (needsKey)
        {
            yield return StatusCodes.Status401Unauthorized;
        }

        if (isWrite)
        {
            yield return StatusCodes.Status403Forbidden;
        }

        yield return StatusCodes.Status429TooManyRequests;
        if (needsKey)
        {
            yield return StatusCodes.Status503ServiceUnavailable;
        }
    }

    private static void CompleteAnswer(
        OpenApiDocument? document, int status, OpenApiResponse response, IList<object> metadata, bool takesBytes, bool isHead)
    {
        if (response.Content?.TryGetValue(ProblemType, out var problem) == true)
        {
            var types = OpenApiExamples.ProblemTypes(status, takesBytes);
            response.Description = string.Join("; or: ", types.Select(type => type.Title));
            problem.Examples = types.ToDictionary(
                type => type.Name, IOpenApiExample (type) => new OpenApiExampleReference(type.Name, document));
        }
        else if (metadata.OfType<OpenApiSetup.AnswerMeaning>().LastOrDefault(answer => answer.Status == status) is { } answer)
        {
            response.Description = answer.Meaning;
        }

        var type = metadata.OfType<IProducesResponseTypeMetadata>().LastOrDefault(produces => produces.StatusCode == status)?.Type;
        foreach (var (name, content) in response.Content ?? new Dictionary<string, OpenApiMediaType>())
        {
            if (name != ProblemType && name != Bytes)
            {
                content.Example = OpenApiExamples.Of(type, name, status);
            }
        }

        var sendsBytes = metadata.Contains(OpenApiSetup.SendsBytesMark.Instance);
        response.Headers = OpenApiParameters.HeadersOf(status, takesBytes, sendsBytes);
        if (isHead)
        {
            response.Content = null;
        }
    }

    private static void DescribeDownload(OpenApiResponses responses, bool isHead)
    {
        responses.Remove(Text(StatusCodes.Status200OK));
        responses.Add(Text(StatusCodes.Status200OK), Answer("The whole resource, with the media type it was given.", BytesContent()));
        responses.Add(Text(StatusCodes.Status304NotModified), Answer("It is at the version that If-None-Match names; no body."));
        if (isHead)
        {
            responses.Remove(Text(StatusCodes.Status416RangeNotSatisfiable));
            return;
        }

        responses.Add(
            Text(StatusCodes.Status206PartialContent),
            Answer("The range asked for, or multipart/byteranges when there are several.", BytesContent()));
    }

    private static OpenApiResponse Answer(string meaning, Dictionary<string, OpenApiMediaType>? content = null) =>
        new() { Description = meaning, Content = content };

    private static void AddParameters(OpenApiOperation operation, IEnumerable<(ParameterLocation Place, string Name)> parameters)
    {
        operation.Parameters ??= [];
        foreach (var (place, name) in parameters)
        {
            var schema = new OpenApiSchema { Type = JsonSchemaType.String };
            operation.Parameters.Add(new OpenApiParameter { Name = name, In = place, Required = OpenApiParameters.IsRequired(name), Schema = schema });
        }
    }

    private static void Sort(OpenApiResponses responses)
    {
        var sorted = responses.OrderBy(answer => answer.Key, StringComparer.Ordinal).ToList();
        responses.Clear();
        foreach (var (status, answer) in sorted)
        {
            responses.Add(status, answer);
        }
    }

    private static OpenApiResponse ProblemAnswer(OpenApiDocument? document) => new()
    {
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [ProblemType] = new() { Schema = new OpenApiSchemaReference(ProblemSchema, document) },
        },
    };

    private static Dictionary<string, OpenApiMediaType> BytesContent(string mediaType = Bytes) =>
        new() { [mediaType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } } };

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);
}
