"""The entities of the register, as data: customers, projects and products, with what hangs on them."""

from typing import Final

from daemon.sandbox.declaring import booleans, dates, decimals, foreign_key, integers, texts
from daemon.sandbox.schema import Declaration, Field, Kind, Many, One, Twin

_PARENT: Final = Field("BusinessRelationID", Kind.INTEGER, references="BusinessRelation", indexed=True, writable=False)

CUSTOMER: Final = Declaration(
    name="Customer",
    route="customers",
    first_id=301,
    writable=True,
    fields=(
        Field("CustomerNumber", Kind.INTEGER, indexed=True),
        Field("OrgNumber", max_length=100, indexed=True),
        Field("WebUrl", max_length=255),
        foreign_key("BusinessRelationID", "BusinessRelation"),
        foreign_key("CurrencyCodeID", "CurrencyCode"),
        Field("CreditDays", Kind.INTEGER),
        foreign_key("PaymentTermsID", "Terms"),
        foreign_key("DeliveryTermsID", "Terms"),
        foreign_key("DimensionsID", "Dimensions"),
        *integers("DefaultSellerID", "DefaultDistributionsID"),
        foreign_key("SubAccountNumberSeriesID", "NumberSeries"),
        Field("CustomerNumberKidAlias", max_length=255),
        Field("GLN", max_length=13),
        Field("PeppolAddress", max_length=50),
        Field("EInvoiceAgreementReference", max_length=50),
        Field("EfakturaIdentifier", max_length=100),
        Field("SocialSecurityNumber", max_length=20),
        Field("Localization", max_length=10),
        Field("ReminderEmailAddress", max_length=255),
        *booleans("IsPrivate", "DontSendReminders", "AvtaleGiro", "AvtaleGiroNotification"),
        *integers("FactoringNumber", "CustomerGroupID", "InvoiceChargeID"),
        foreign_key("VatTypeID", "VatType"),
        Field("AcceptableDelta4CustomerPayment", Kind.DECIMAL),
        foreign_key("AcceptableDelta4CustomerPaymentAccountID", "Account"),
        *integers(
            "DefaultCustomerInvoiceReportID", "DefaultCustomerOrderReportID", "DefaultCustomerQuoteReportID"
        ),
    ),
    relations=(
        One("Info", "BusinessRelation", "BusinessRelationID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        One("PaymentTerms", "Terms", "PaymentTermsID"),
        One("DeliveryTerms", "Terms", "DeliveryTermsID"),
        One("Dimensions", "Dimensions", "DimensionsID"),
        Twin("Account", "Account", "CustomerID"),
    ),
    unmodelled=("Distributions", "Sellers", "Companies", "CustomerInvoices", "CustomerOrders", "CustomerQuotes"),
    recent=("Account", "CurrencyCode"),
    snapshot=(
        "CurrencyCode", "Info.Emails", "Info.Phones", "Info.Addresses",
        "Info.DefaultEmail", "Info.DefaultPhone", "Info.InvoiceAddress", "Info.ShippingAddress",
    ),
)  # fmt: skip

BUSINESS_RELATION: Final = Declaration(
    name="BusinessRelation",
    first_id=801,
    fields=(
        Field("Name", max_length=255),
        foreign_key("DefaultEmailID", "Email"),
        foreign_key("DefaultPhoneID", "Phone"),
        foreign_key("InvoiceAddressID", "Address"),
        foreign_key("ShippingAddressID", "Address"),
        *integers("DefaultContactID", "DefaultBankAccountID"),
    ),
    relations=(
        One("DefaultEmail", "Email", "DefaultEmailID", "BusinessRelationID"),
        One("DefaultPhone", "Phone", "DefaultPhoneID", "BusinessRelationID"),
        One("InvoiceAddress", "Address", "InvoiceAddressID", "BusinessRelationID"),
        One("ShippingAddress", "Address", "ShippingAddressID", "BusinessRelationID"),
        Many("Emails", "Email", "BusinessRelationID"),
        Many("Phones", "Phone", "BusinessRelationID"),
        Many("Addresses", "Address", "BusinessRelationID"),
    ),
    unmodelled=("Contacts", "BankAccounts", "DefaultContact", "DefaultBankAccount"),
)

EMAIL: Final = Declaration(
    name="Email",
    first_id=501,
    fields=(
        _PARENT,
        Field("EmailAddress", max_length=255),
        Field("Type", Kind.CODE),
        Field("Description", max_length=255),
    ),
)

PHONE: Final = Declaration(
    name="Phone",
    first_id=701,
    fields=(
        _PARENT,
        Field("Number", max_length=255),
        Field("CountryCode", max_length=100),
        Field("Description", max_length=255),
        Field("Type", Kind.CODE),
    ),
)

ADDRESS: Final = Declaration(
    name="Address",
    first_id=401,
    fields=(
        _PARENT,
        Field("AddressLine1", max_length=255),
        Field("AddressLine2", max_length=255),
        Field("AddressLine3", max_length=255),
        Field("PostalCode", max_length=100),
        Field("City", max_length=100),
        Field("Country", max_length=100),
        Field("CountryCode", max_length=100),
        Field("Region", max_length=100),
    ),
)

CURRENCY_CODE: Final = Declaration(
    name="CurrencyCode",
    route="currencycodes",
    fields=(
        Field("Code", max_length=10, indexed=True),
        Field("Name", max_length=255),
        Field("ShortCode", max_length=10),
    ),
)

COUNTRY: Final = Declaration(
    name="Country",
    route="countries",
    first_id=21,
    fields=(Field("Name", max_length=255), Field("CountryCode", max_length=10, indexed=True)),
)

TERMS: Final = Declaration(
    name="Terms",
    route="terms",
    first_id=31,
    fields=(Field("Name", max_length=255), Field("TermsType", Kind.CODE), Field("CreditDays", Kind.INTEGER)),
)

PROJECT: Final = Declaration(
    name="Project",
    route="projects",
    first_id=71,
    writable=True,
    fields=(
        Field("ProjectNumber", max_length=255, indexed=True),
        Field("ProjectNumberNumeric", Kind.INTEGER, indexed=True),
        foreign_key("ProjectNumberSeriesID", "NumberSeries"),
        *texts(255, "Name", "ProjectLeadName"),
        Field("Description", max_length=500),
        foreign_key("ProjectCustomerID", "Customer", indexed=True),
        *dates("StartDate", "EndDate", "PlannedStartdate", "PlannedEnddate"),
        *decimals("Amount", "CostPrice", "Price", "Total"),
        foreign_key("WorkPlaceAddressID", "Address"),
        foreign_key("DimensionsID", "Dimensions"),
        Field("Visible", Kind.BOOLEAN, default=True),
    ),
    relations=(
        One("ProjectCustomer", "Customer", "ProjectCustomerID"),
        One("WorkPlaceAddress", "Address", "WorkPlaceAddressID"),
        One("Dimensions", "Dimensions", "DimensionsID"),
    ),
    unmodelled=("ProjectTasks", "ProjectResources"),
    snapshot=("ProjectCustomer",),
)

PRODUCT: Final = Declaration(
    name="Product",
    route="products",
    first_id=231,
    writable=True,
    fields=(
        Field("PartName", max_length=255, indexed=True),
        Field("Name", max_length=255),
        foreign_key("AccountID", "Account"),
        foreign_key("VatTypeID", "VatType"),
        *decimals("PriceExVat", "PriceIncVat", "CostPrice"),
        Field("Unit", max_length=100),
        Field("Type", Kind.CODE),
        foreign_key("DimensionsID", "Dimensions"),
    ),
    relations=(
        One("Account", "Account", "AccountID"),
        One("VatType", "VatType", "VatTypeID"),
        One("Dimensions", "Dimensions", "DimensionsID"),
    ),
    snapshot=("Account", "VatType"),
)

DIMENSIONS: Final = Declaration(
    name="Dimensions",
    route="dimensions",
    first_id=881,
    fields=(
        foreign_key("ProjectID", "Project", indexed=True),
        *integers("ProjectTaskID", "DepartmentID", "RegionID", "ResponsibleID"),
        *integers(*(f"Dimension{number}ID" for number in range(5, 11)), "AssetID"),
    ),
    relations=(One("Project", "Project", "ProjectID"),),
    unmodelled=("ProjectTask", "Department", "Region", "Responsible"),
)
